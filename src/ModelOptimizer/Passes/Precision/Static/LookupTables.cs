using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores tables whose rows are looked up as int8 with a scale for each row: they need no calibration. A product that reads such a table
/// transposed, as tied language models do, reads the same codes.
/// </summary>
internal sealed class LookupTables(PassContext context, NodeSelector selector)
{
    private static readonly WeightGrid Grid = new(Bits: 8, IsSymmetric: true);

    public void Quantize()
    {
        foreach (var table in WeightCandidate.Find(context.Model).Where(IsTable).ToList())
            if (!context.IsDone && Quantize(table) is { } refusal)
                context.RefuseWeight(table.Name, table.Content, refusal);
    }

    private static bool IsTable(WeightCandidate weight) => TiedWeight.Of(weight) is not null || weight.Uses.All(WeightSlots.IsLookup);

    /// <returns>Why the table stays as it is, or null.</returns>
    private string? Quantize(WeightCandidate table)
    {
        var (tied, opset) = (TiedWeight.Of(table), context.Opset(table.Value.Graph));
        var read = tied?.Weight ?? table;
        if ((WeightGuards.Refusal(read, selector, opset) ?? WeightGuards.UnknownAttributes(read)) is { } refusal)
            return refusal;
        if (tied is not null && opset < TiedForm.Opset)
            return $"opset {opset} has no DequantizeLinear with an axis, which came with {TiedForm.Opset}";
        var matrix = new WeightMatrix(table.Content, channelAxis: 0);
        if (WeightGuards.SmallGain(table.Content, QuantizedWeight.ByteCount(Grid, matrix, matrix.Depth)) is { } small)
            return small;
        using var quantized = RoundToNearest.Quantize(matrix, Grid, matrix.Depth);
        if (quantized is null)
            return WeightGuards.NotFinite(table, context);
        Write(table, tied is null ? new LookupForm() : new TiedForm(tied), quantized);
        return null;
    }

    private void Write(WeightCandidate table, WeightForm form, QuantizedWeight quantized)
    {
        if (!context.Rewriting($"look rows up in int8, as {form.Name}", table.Value))
            return;
        var bytes = form.Write(context.Model, table, quantized);
        table.Value.RemoveIfUnused();
        context.Compressed(table.Name, table.Content, bytes, $"int8 per row as {form.Name}");
    }
}
