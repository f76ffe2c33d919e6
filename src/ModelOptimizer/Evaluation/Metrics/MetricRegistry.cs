namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>Finds the metrics there are: every class derived from <see cref="Metric"/>.</summary>
public static class MetricRegistry
{
    /// <summary>All of them: what is compared and scored first, costs last, each by name.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        .. typeof(Metric).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Metric)) && !type.IsAbstract)
            .Select(type => (Metric)Activator.CreateInstance(type, nonPublic: true)!)
            .OrderBy(metric => metric.Declaration.IsCost).ThenBy(metric => metric.Name, StringComparer.Ordinal),
    ];
}
