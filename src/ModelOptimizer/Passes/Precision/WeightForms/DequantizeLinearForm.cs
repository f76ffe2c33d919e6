using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// DequantizeLinear before the MatMul or Gemm that reads the weight, which the runtime fuses into one n-bit product. It does so only
/// for a weight [depth, channels] with constants in the reader's own graph and no second reader.
/// </summary>
internal sealed class DequantizeLinearForm(bool contrib) : WeightForm
{
    public override string Name => contrib ? $"{ContribDomain}.DequantizeLinear" : "DequantizeLinear";

    public override long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) => DequantizeLinearLayout.ByteCount(grid, weight, blockSize);

    public override long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized)
    {
        var node = weight.OnlyUser!;
        var (constants, bytes) = AddConstants(model, node.Graph!, weight, [
            ("quantized", DequantizeLinearLayout.Codes(quantized, [quantized.Depth, quantized.Channels], channelAxis: 1)),
            ("scale", DequantizeLinearLayout.Scales(quantized, IsBlocked(quantized))),
            ("zero_point", DequantizeLinearLayout.ZeroPoints(quantized, IsBlocked(quantized)))]);
        Multiply(model, node, Dequantize(model, node, weight, quantized, constants));
        return bytes;
    }

    private static bool IsBlocked(QuantizedWeight quantized) => quantized.BlockSize < quantized.Depth;

    private Value Dequantize(OnnxModel model, Node node, WeightCandidate weight, QuantizedWeight quantized, Value?[] constants)
    {
        var inputs = constants[2] is null ? constants[..2] : constants;
        var dequantize = node.Graph!.Insert(node, "DequantizeLinear", inputs, 1, contrib ? ContribDomain : "", $"{weight.Name}_dequantize");
        dequantize.Attributes.Set("axis", IsBlocked(quantized) ? 0 : 1);
        if (IsBlocked(quantized))
            dequantize.Attributes.Set("block_size", quantized.BlockSize);
        if (contrib)
            model.ImportDomain(node.Graph!, ContribDomain, 1);
        return dequantize.Output();
    }

    /// <summary>Lets the node multiply by another weight [depth, channels].</summary>
    public static void Multiply(OnnxModel model, Node node, Value weight)
    {
        if (GemmParts.IsPlain(node))
        {
            node.SetInput(1, weight);
            node.Attributes.Remove("transB");
            return;
        }
        var product = node.Graph!.Insert(node, "MatMul", [GemmParts.LeftOperand(node), weight], name: node.Name);
        GemmParts.Replace(model, node, product.Output());
    }
}
