using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>ONNX Runtime's own lookup in place of each Gather: it unpacks just the rows that are asked for. The standard's rejects codes below 8 bits.</summary>
internal sealed class BlockLookupForm : WeightForm
{
    public override string Name => $"{ContribDomain}.GatherBlockQuantized";

    public override long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) =>
        GatherBlockQuantizedLayout.ByteCount(grid, weight, blockSize);

    public override long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized)
    {
        var (constants, bytes) = AddTable(model, weight.OnlyUser?.Graph ?? weight.Value.Graph, weight, quantized);
        foreach (var use in weight.Uses)
            Replace(model, use.User, quantized, constants);
        return bytes;
    }

    /// <summary>Codes, scales, and zero points or null, as lookups read them.</summary>
    public static (Value?[] Constants, long Bytes) AddTable(OnnxModel model, Graph graph, WeightCandidate weight, QuantizedWeight quantized) =>
        AddConstants(model, graph, weight, [
            ("quantized", GatherBlockQuantizedLayout.Codes(quantized)),
            ("scale", GatherBlockQuantizedLayout.Scales(quantized)),
            ("zero_point", GatherBlockQuantizedLayout.ZeroPoints(quantized))]);

    public static void Replace(OnnxModel model, Node gather, QuantizedWeight quantized, Value?[] constants)
    {
        Value?[] inputs = constants[2] is null ? [constants[0], gather.Input(1), constants[1]] : [constants[0], gather.Input(1), .. constants[1..]];
        var lookup = gather.Graph!.Insert(gather, "GatherBlockQuantized", inputs, 1, ContribDomain, gather.Name);
        lookup.Attributes.Set("gather_axis", 0);
        lookup.Attributes.Set("quantize_axis", 1);
        lookup.Attributes.Set("bits", quantized.Grid.StorageBits);
        lookup.Attributes.Set("block_size", quantized.BlockSize);
        model.ImportDomain(gather.Graph!, ContribDomain, 1);
        lookup.Output().Name = gather.Output().Name;
        lookup.TakeOutputsOf(gather);
    }
}
