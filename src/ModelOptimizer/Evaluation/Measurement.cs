using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>What a metric says about a pair of models.</summary>
/// <param name="Declaration">The metric: name, unit, which way is better.</param>
/// <param name="Original">The original's own value; null for metrics that compare.</param>
/// <param name="Result">The candidate's value, in the metric's unit. May be +∞ (nothing lost) or NaN (outputs that are not finite).</param>
public sealed record Measurement(MetricDeclaration Declaration, double? Original, double Result)
{
    public string Metric => Declaration.Name;

    public MetricUnit Unit => Declaration.Unit;

    /// <summary>The output it was found at: the worst one, or the one scored; null for costs.</summary>
    public string? Output { get; init; }

    /// <summary>Of what a clock measured; null for the rest.</summary>
    public Spread? Spread { get; init; }

    /// <summary>What to know when reading the number, e.g. the spread of timings.</summary>
    public string? Remark { get; init; }

    public override string ToString() => Original is { } original
        ? $"{Metric} {MetricFormat.Format(Unit, original)} → {MetricFormat.Format(Unit, Result)}"
        : $"{Metric} {MetricFormat.Format(Unit, Result)}";
}

/// <summary>All that was measured, in the registry's order, and why the rest was not.</summary>
public sealed record Measurements(IReadOnlyList<Measurement> All)
{
    /// <summary>How many samples were run; 0 when there was no data.</summary>
    public int Samples { get; init; }

    /// <summary>False when the model was measured by itself.</summary>
    public bool HasOriginal { get; init; } = true;

    /// <summary>Arrays in the data that the model has no use for.</summary>
    public IReadOnlyList<string> IgnoredArrays { get; init; } = [];

    /// <summary>What was left out of the comparison, and why.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>False when there was no data: nothing is known then about what the candidate answers.</summary>
    public bool IsAccuracyMeasured => Samples > 0;

    /// <summary>The measurement of that metric; null when it was not measured.</summary>
    public Measurement? Find(string metric) => All.FirstOrDefault(measurement => measurement.Metric == metric);
}
