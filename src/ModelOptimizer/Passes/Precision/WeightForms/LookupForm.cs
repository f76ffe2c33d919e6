using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// A table whose rows are looked up: the codes and the scales of just those rows are gathered and multiplied, so a run never sees
/// the whole table as floats.
/// </summary>
internal sealed class LookupForm : WeightForm
{
    public override string Name => "Gather of int8 rows";

    public override long ByteCount(WeightGrid grid, WeightMatrix weight, int blockSize) => DequantizeLinearLayout.ByteCount(grid, weight, blockSize);

    public override long Write(OnnxModel model, WeightCandidate weight, QuantizedWeight quantized)
    {
        var dimensions = weight.Content.Dimensions;
        var scales = RowScales(quantized, dimensions.Length);
        var codes = DequantizeLinearLayout.Codes(quantized, dimensions.AsSpan(), channelAxis: 0);
        var (constants, bytes) = AddConstants(model, weight.OnlyUser?.Graph ?? weight.Value.Graph, weight, [("quantized", codes), ("scale", scales)]);
        foreach (var use in weight.Uses)
            Replace(use.User, constants[0]!, constants[1]!);
        return bytes;
    }

    /// <summary>One scale a row, with as many axes as the row so that it spreads over it.</summary>
    public static Tensor RowScales(QuantizedWeight quantized, int rank) =>
        quantized.ToTensor(DataType.Float, [quantized.Channels, .. Enumerable.Repeat(1L, rank - 1)], () => quantized.Scales);

    /// <param name="table">Codes [rows, …].</param>
    /// <param name="rowScales">Scales [rows, 1 …].</param>
    public static void Replace(Node gather, Value table, Value rowScales)
    {
        var graph = gather.Graph!;
        var codes = graph.Insert(gather, "Gather", [table, gather.Input(1)], name: gather.Name);
        var scales = graph.Insert(gather, "Gather", [rowScales, gather.Input(1)], name: $"{gather.Name}_scale");
        var cast = graph.Insert(gather, "Cast", [codes.Output()], name: $"{gather.Name}_cast");
        cast.Attributes.Set("to", (long)DataType.Float);
        var rows = graph.Insert(gather, "Mul", [cast.Output(), scales.Output()], name: $"{gather.Name}_dequantize");
        rows.Output().Type = gather.Output().Type;
        gather.Output().ReplaceAllUsesWith(rows.Output());
        gather.Remove();
    }
}
