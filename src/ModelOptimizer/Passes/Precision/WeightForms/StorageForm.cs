using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>One DequantizeLinear for all readers, run at every inference: a smaller file for operators without an n-bit kernel.</summary>
internal sealed class StorageForm(int channelAxis, bool contrib) : WeightForm
{
    public override string Name => contrib ? $"{ContribDomain}.DequantizeLinear at every run" : "DequantizeLinear at every run";

    public override long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) => DequantizeLinearLayout.ByteCount(grid, weight, blockSize);

    public override long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized)
    {
        var graph = weight.Value.Graph;
        var (constants, bytes) = AddConstants(model, graph, weight, [
            ("quantized", DequantizeLinearLayout.Codes(quantized, weight.Content.Dimensions.AsSpan(), channelAxis)),
            ("scale", DequantizeLinearLayout.Scales(quantized, blocked: false)),
            ("zero_point", DequantizeLinearLayout.ZeroPoints(quantized, blocked: false))]);
        Value?[] inputs = constants[2] is null ? constants[..2] : constants;
        var dequantize = graph.Insert(FirstAfter(constants, graph), "DequantizeLinear", inputs, 1, contrib ? ContribDomain : "", $"{weight.Name}_dequantize");
        dequantize.Attributes.Set("axis", channelAxis);
        if (contrib)
            model.ImportDomain(graph, ContribDomain, 1);
        weight.Value.ReplaceAllUsesWith(dequantize.Output());
        return bytes;
    }

    /// <summary>The earliest place that sees all constants, which are nodes themselves in functions.</summary>
    private static Node? FirstAfter(Value?[] constants, Graph graph)
    {
        var made = constants.OfType<Value>().Select(value => value.Producer).OfType<Node>().ToHashSet();
        return graph.Nodes.FirstOrDefault(node => !made.Contains(node));
    }
}
