namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>compare</c>.</summary>
/// <param name="Original">The model compared with.</param>
/// <param name="Result">The model that is judged.</param>
/// <param name="Signature">Inputs and outputs that differ.</param>
/// <param name="Operators">Operators whose number differs.</param>
/// <param name="Metrics">Measured on the data given; null without data.</param>
internal sealed record ModelComparison(
    int SchemaVersion,
    ComparedModel Original,
    ComparedModel Result,
    IReadOnlyList<SignatureDifference> Signature,
    IReadOnlyList<OperatorDifference> Operators,
    IReadOnlyList<MeasuredMetric>? Metrics)
{
    public static ModelComparison Of(ModelInspection original, ModelInspection result, IReadOnlyList<MeasuredMetric>? metrics) => new(
        SchemaVersion: 1,
        ComparedModel.Of(original),
        ComparedModel.Of(result),
        [.. Differences("input", original.Inputs, result.Inputs), .. Differences("output", original.Outputs, result.Outputs)],
        OperatorDifferences(original, result),
        metrics);

    private static IEnumerable<SignatureDifference> Differences(
        string kind, IReadOnlyList<SlotInspection> original, IReadOnlyList<SlotInspection> result) =>
        original.Concat(result).Select(slot => slot.Name).Distinct()
            .Select(name => new SignatureDifference(kind, name, TypeIn(original, name), TypeIn(result, name)))
            .Where(difference => difference.Original != difference.Result);

    private static string? TypeIn(IReadOnlyList<SlotInspection> slots, string name) =>
        slots.FirstOrDefault(slot => slot.Name == name) is { } slot ? InspectionText.TypeOf(slot) : null;

    private static IReadOnlyList<OperatorDifference> OperatorDifferences(ModelInspection original, ModelInspection result)
    {
        var before = original.Operators.ToDictionary(op => op.Operator, op => op.Nodes);
        var after = result.Operators.ToDictionary(op => op.Operator, op => op.Nodes);
        return
        [
            .. before.Keys.Union(after.Keys)
                .Select(op => new OperatorDifference(op, before.GetValueOrDefault(op), after.GetValueOrDefault(op)))
                .Where(difference => difference.Original != difference.Result)
                .OrderByDescending(difference => Math.Abs(difference.Result - difference.Original))
                .ThenBy(difference => difference.Operator, StringComparer.Ordinal),
        ];
    }
}

internal sealed record ComparedModel(
    string Model, long Bytes, int Nodes, long Parameters, IReadOnlyDictionary<string, long> Opsets, IReadOnlyList<DataTypeInspection> DataTypes)
{
    public static ComparedModel Of(ModelInspection model) =>
        new(model.Model, model.Bytes, model.Nodes, model.Parameters, model.Opsets, model.DataTypes);
}

/// <param name="Kind"><c>input</c> or <c>output</c>.</param>
/// <param name="Original">Its type there; null where it does not exist.</param>
internal sealed record SignatureDifference(string Kind, string Name, string? Original, string? Result);

/// <param name="Original">How many nodes.</param>
internal sealed record OperatorDifference(string Operator, int Original, int Result);
