using static ModelOptimizer.Tool.Quantities;

namespace ModelOptimizer.Tool;

/// <summary>Shows an inspection to a person.</summary>
internal sealed class InspectionText(CommandContext context, ModelInspection model, bool all)
{
    private const int Most = 10;

    public void Write()
    {
        Head();
        if (model.Passes is { } passes)
        {
            new PassesText(context, passes, all).Write();
            return;
        }
        if (model.Pruning is { } pruning)
        {
            new PrunableText(context, pruning, model.Parameters, all).Write();
            return;
        }
        Signature();
        Operators();
        DataTypes();
        Weights();
    }

    private void Head()
    {
        Line($"{model.Model}: {Bytes(model.Bytes)}, {Count(model.Nodes, "node")}, {Count(model.Parameters, "parameter")}");
        Line($"opset {string.Join(", ", model.Opsets.Select(Opset))}, IR {model.IrVersion}{(model.Producer.Length == 0 ? "" : $", made by {model.Producer}")}");
        if (model.Graphs > 1)
            Line($"{Count(model.Graphs, "graph")} (bodies of If, Loop and Scan included), {Count(model.Functions, "function")}");
        if (model.ExternalData is { } external)
            Line($"{Bytes(external.Bytes)} of {Count(external.Tensors, "tensor")} in external data: {string.Join(", ", external.Files)}");
        if (model.OverridableInitializers > 0)
            Line($"{Count(model.OverridableInitializers, "weight")} declared as input too: callers may override them");
    }

    private void Signature()
    {
        var table = Tables.Create("", "Type", "Name");
        foreach (var input in model.Inputs)
            table.Row("input", TypeOf(input), input.Name);
        foreach (var output in model.Outputs)
            table.Row("output", TypeOf(output), output.Name);
        Section(table);
    }

    private void Operators()
    {
        var table = Tables.Create(">Nodes", ">Weights", ">Share", "Operator");
        foreach (var op in Top(model.Operators))
            table.Row(Count(op.Nodes), op.Bytes == 0 ? "" : Bytes(op.Bytes), Share(op.Bytes), op.Operator);
        Section(table);
        More(model.Operators.Count, "operator");
    }

    private void DataTypes()
    {
        var table = Tables.Create(">Tensors", ">Parameters", ">Bytes", ">Share", "Data type");
        foreach (var type in model.DataTypes)
            table.Row(Count(type.Tensors), Count(type.Parameters), Bytes(type.Bytes), Share(type.Bytes), type.ElementType);
        Section(table);
    }

    private void Weights()
    {
        var table = Tables.Create(">Bytes", ">Share", "Type", "Read by", "Weight");
        foreach (var weight in Top(model.Weights))
            table.Row(
                Bytes(weight.Bytes), Share(weight.Bytes), $"{weight.ElementType}[{string.Join(',', weight.Shape)}]", weight.Operator ?? "nothing", weight.Name);
        Section(table);
        More(model.Weights.Count, "weight");
    }

    private void Section(Spectre.Console.Table table)
    {
        if (table.Rows.Count == 0)
            return;
        Line("");
        context.Draw(table);
    }

    private IEnumerable<T> Top<T>(IReadOnlyList<T> rows) => all ? rows : rows.Take(Most);

    private void More(int count, string what)
    {
        if (!all && count > Most)
            Line($"… and {Count(count - Most, $"more {what}")}; --all lists them.");
    }

    private void Line(string text) => context.Streams.Out.WriteLine(text);

    private string Share(long bytes) => bytes == 0 ? "" : Percent((double)bytes / model.Bytes);

    private static string Opset(KeyValuePair<string, long> import) => import.Key == "ai.onnx" ? $"{import.Value}" : $"{import.Key} {import.Value}";

    public static string TypeOf(SlotInspection slot) => slot.ElementType is null
        ? "no tensor"
        : slot.ElementType + (slot.Shape is null ? "" : $"[{string.Join(',', slot.Shape.Select(axis => axis?.ToString() ?? "?"))}]");
}
