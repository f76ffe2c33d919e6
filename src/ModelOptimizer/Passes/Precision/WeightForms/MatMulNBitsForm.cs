using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>ONNX Runtime's own n-bit product in place of each MatMul or Gemm that reads the weight; the constants may be shared.</summary>
internal sealed class MatMulNBitsForm : WeightForm
{
    /// <summary>Activations rounded to int8 inside the product. Without it the runtime is up to 25 times slower than with floats.</summary>
    private const int Int8Activations = 4;

    public override string Name => $"{ContribDomain}.MatMulNBits";

    public override long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) => MatMulNBitsLayout.ByteCount(grid, weight, blockSize);

    public override long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized)
    {
        var graph = weight.OnlyUser?.Graph ?? weight.Value.Graph;
        var (constants, bytes) = AddConstants(model, graph, weight, [
            ("quantized", MatMulNBitsLayout.Codes(quantized)),
            ("scale", MatMulNBitsLayout.Scales(quantized)),
            ("zero_point", MatMulNBitsLayout.ZeroPoints(quantized))]);
        foreach (var use in weight.Uses)
            Replace(model, use.User, quantized, constants);
        return bytes;
    }

    /// <param name="constants">Codes, scales, and zero points or null.</param>
    public static void Replace(OnnxModel model, Node node, QuantizedWeight quantized, Value?[] constants)
    {
        Value?[] inputs = [GemmParts.LeftOperand(node), .. constants[2] is null ? constants[..2] : constants];
        var product = node.Graph!.Insert(node, "MatMulNBits", inputs, 1, ContribDomain, node.Name);
        product.Attributes.Set("K", quantized.Depth);
        product.Attributes.Set("N", quantized.Channels);
        product.Attributes.Set("bits", quantized.Grid.StorageBits);
        product.Attributes.Set("block_size", quantized.BlockSize);
        product.Attributes.Set("accuracy_level", Int8Activations);
        model.ImportDomain(node.Graph!, ContribDomain, 1);
        GemmParts.Replace(model, node, product.Output());
    }
}
