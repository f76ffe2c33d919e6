using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>What all passes take that give up precision. Base of their options.</summary>
public abstract record QuantizationOptions : SelectionOptions
{
    [Option("What the model must keep: a metric with bounds as in the budget. What costs most is measured on the data of 'evaluate:' and stays "
        + "float until the goal holds; the report has the ranking.", Example = "{ metric: top-1, max-drop: 0.5% }")]
    public AccuracyGoal? Accuracy { get; init; }
}

/// <summary>What a pass must leave of a model's quality.</summary>
/// <param name="Limit">The metric with its bounds; a severity of warning lets a goal out of reach pass.</param>
public sealed record AccuracyGoal(BudgetLimit Limit) : ILocated
{
    public const int DefaultSamples = 128;

    /// <summary>Rows of data, spread evenly over all of it, on which candidates are tried first; all rows decide.</summary>
    public int Samples { get; init; } = DefaultSamples;

    public SourceLocation? Location { get; init; }

    /// <summary>As a profile writes it.</summary>
    public override string ToString() => $"{{ metric: {string.Join(", ", [Limit.Metric, .. Bounds()])} }}";

    private IEnumerable<string> Bounds()
    {
        if (Limit.Min is { } min)
            yield return FormattableString.Invariant($"min: {min}");
        if (Limit.Max is { } max)
            yield return FormattableString.Invariant($"max: {max}");
        if (Limit.MaxDrop is { } drop)
            yield return $"max-drop: {new Ratio(drop)}";
        if (Limit.MaxRise is { } rise)
            yield return $"max-rise: {new Ratio(rise)}";
    }
}
