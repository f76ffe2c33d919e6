using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Metrics;

namespace ModelOptimizer.Profiles;

/// <summary>What a metric's number counts.</summary>
public enum MetricUnit
{
    Bytes,

    /// <summary>A fraction, written <c>25%</c> or <c>0.25</c>; may exceed one.</summary>
    Ratio,

    /// <summary>A share between 0 and 1.</summary>
    Rate,

    Decibel,

    /// <summary>A number without a unit.</summary>
    Number,
}

/// <summary>A metric that a profile may name.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Unit">What its number counts.</param>
/// <param name="HigherIsBetter">A bare number is then a minimum, otherwise a maximum.</param>
/// <param name="Description">One sentence.</param>
public sealed record MetricDeclaration(string Name, MetricUnit Unit, bool HigherIsBetter, string Description)
{
    /// <summary>The original model has a value of its own, so that a drop or a rise against it means something.</summary>
    public bool HasOriginal { get; init; }

    /// <summary>Follows from the files or a stopwatch: needs no data to compare on, and is no business of <c>evaluate.metrics</c>.</summary>
    public bool IsCost { get; init; }

    /// <summary>What a broken limit is unless the profile says otherwise. Timing varies with the machine, so it only warns.</summary>
    public Severity DefaultSeverity { get; init; } = Severity.Error;
}

/// <summary>Every metric that budgets and <c>evaluate.metrics</c> may name: what the metric classes declare.</summary>
public static class MetricCatalog
{
    public static IReadOnlyList<MetricDeclaration> All { get; } = [.. MetricRegistry.All.Select(metric => metric.Declaration)];

    /// <summary>The metric of that name; null when there is none.</summary>
    public static MetricDeclaration? Find(string name) => All.FirstOrDefault(metric => metric.Name == name);
}
