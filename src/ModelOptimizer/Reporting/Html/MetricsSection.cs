using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>All that was measured.</summary>
internal static class MetricsSection
{
    public static Section? Of(OptimizationReport report)
    {
        if (report.Metrics.Count == 0)
            return null;
        var hasOutputs = report.Metrics.Any(metric => metric.Output is not null);
        var hasRemarks = report.Metrics.Any(metric => metric.Remark is not null);
        return Section.Of("metrics", "Metrics", Tables.Of("Metrics",
            ["Metric", ">Original", ">Result", .. hasOutputs ? ["Output"] : Array.Empty<string>(), .. hasRemarks ? ["Remark"]
                : Array.Empty<string>()],
            report.Metrics.Select(metric => E("tr",
                Tables.Head(metric.Metric),
                Tables.Number(metric.Original is { } original ? Values.Of(metric.Metric, original) : ""),
                Tables.Number(Values.Of(metric.Metric, metric.Result)),
                hasOutputs ? Tables.Cell(metric.Output is null ? null : Code(metric.Output)) : null,
                hasRemarks ? Tables.Cell(metric.Remark) : null))));
    }
}
