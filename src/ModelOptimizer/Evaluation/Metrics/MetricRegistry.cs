using ModelOptimizer.Passes;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>Finds the metrics there are: every class derived from <see cref="Metric"/>.</summary>
public static class MetricRegistry
{
    /// <summary>All of them: what is compared and scored first, costs last, each by name.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        .. NamedClasses.All<Metric>(metric => metric.Name).OrderBy(metric => metric.Declaration.IsCost),
    ];
}
