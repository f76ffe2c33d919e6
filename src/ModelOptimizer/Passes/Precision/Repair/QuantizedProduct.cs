using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A product of the original, and what became of it.</summary>
/// <param name="Original">The product in floats, in the model before quantization.</param>
/// <param name="Node">What multiplies now: a node between QuantizeLinear and DequantizeLinear, MatMulInteger, ConvInteger, or DynamicQuantizeMatMul.</param>
/// <param name="Output">Its result as floats, up to the place where the original had it.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="WeightFactor">What the weight of the original was multiplied by before it became codes.</param>
internal sealed record QuantizedProduct(WeightedNode Original, Node Node, Value Output, CodedWeight Weight, float WeightFactor)
{
    /// <summary>Whether it computes with floats, which DequantizeLinear makes of its weight.</summary>
    public bool IsDequantized => Node.Is("Conv", "ConvTranspose", "Gemm", "MatMul");
}

/// <summary>A weight as codes: w ≈ (code − zero point) · scale.</summary>
/// <param name="Reader">The node that reads the codes.</param>
/// <param name="Index">Which of its inputs they are.</param>
/// <param name="Scales">One, or one for each channel.</param>
/// <param name="ZeroPoints">As many.</param>
/// <param name="ChannelAxis">The axis of the output channels.</param>
internal sealed record CodedWeight(Node Reader, int Index, float[] Scales, int[] ZeroPoints, int ChannelAxis)
{
    public Value Value => Reader.Input(Index)!;

    public Tensor Codes => Value.Constant!;
}
