using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows a comparison to a person.</summary>
internal sealed class ComparisonText(CommandContext context, ModelComparison comparison)
{
    public void Write()
    {
        Models();
        Signature();
        Operators();
        if (comparison.Metrics is { } metrics)
            MetricTable.Write(context, metrics);
    }

    private void Models()
    {
        var (a, b) = (comparison.Original, comparison.Result);
        context.Streams.Out.WriteLine($"A  {a.Model}");
        context.Streams.Out.WriteLine($"B  {b.Model}");
        context.Streams.Out.WriteLine();
        var table = Tables.Create("", ">A", ">B", ">B / A");
        table.Row("size", Bytes(a.Bytes), Bytes(b.Bytes), Percent((double)b.Bytes / a.Bytes));
        table.Row("nodes", Count(a.Nodes), Count(b.Nodes), a.Nodes == 0 ? "" : Percent((double)b.Nodes / a.Nodes));
        table.Row("parameters", Count(a.Parameters), Count(b.Parameters), a.Parameters == 0 ? "" : Percent((double)b.Parameters / a.Parameters));
        foreach (var type in a.DataTypes.Concat(b.DataTypes).Select(type => type.ElementType).Distinct())
            table.Row($"  {type}", BytesOf(type, a), BytesOf(type, b), "");
        context.Draw(table);
    }

    private void Signature()
    {
        if (comparison.Signature.Count == 0)
            return;
        var table = Tables.Create("Signature", "A", "B", "Name");
        foreach (var difference in comparison.Signature)
            table.Row(difference.Kind, difference.Original ?? "none", difference.Result ?? "none", difference.Name);
        context.Streams.Out.WriteLine();
        context.Draw(table);
    }

    private void Operators()
    {
        if (comparison.Operators.Count == 0)
            return;
        var table = Tables.Create(">A", ">B", ">Change", "Operator");
        foreach (var op in comparison.Operators)
            table.Row(Count(op.Original), Count(op.Result), Difference(op.Original, op.Result), op.Operator);
        context.Streams.Out.WriteLine();
        context.Draw(table);
    }

    private static string BytesOf(string type, ComparedModel model) =>
        model.DataTypes.FirstOrDefault(found => found.ElementType == type) is { } found ? Bytes(found.Bytes) : "";
}
