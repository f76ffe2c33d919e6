using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>One number that was measured.</summary>
/// <param name="Original">The original model's own value, where it has one.</param>
/// <param name="Output">The output it was found at.</param>
/// <param name="Remark">What to know when reading it.</param>
/// <param name="Budget"><c>kept</c>, <c>broken</c>, <c>warning</c>; null where no limit is set.</param>
internal sealed record MeasuredMetric(
    string Metric, double? Original, double Result, string? Output = null, string? Remark = null, string? Budget = null)
{
    public static IReadOnlyList<MeasuredMetric> Of(Measurements measurements) =>
        [.. measurements.All.Select(m => new MeasuredMetric(m.Metric, m.Original, m.Result, m.Output, m.Remark))];
}

/// <summary>The table of what was measured.</summary>
internal static class MetricTable
{
    public static void Write(CommandContext context, IReadOnlyList<MeasuredMetric> metrics)
    {
        if (metrics.Count == 0)
            return;
        var table = Tables.Create([.. Columns(metrics).Select(column => column.Title)]);
        foreach (var metric in metrics)
            table.Row(Columns(metrics).Select(column => column.Cell(metric)));
        context.Streams.Out.WriteLine();
        context.Draw(table);
        foreach (var metric in metrics.Where(metric => metric.Remark is not null))
            context.Detail($"{metric.Metric}: {metric.Remark}");
    }

    /// <summary>Only those that say something.</summary>
    private static IEnumerable<(string Title, Func<MeasuredMetric, string> Cell)> Columns(IReadOnlyList<MeasuredMetric> metrics)
    {
        yield return ("Metric", metric => metric.Metric);
        if (metrics.Any(metric => metric.Original is not null))
            yield return (">Original", metric => Value(metric, metric.Original));
        yield return (">Result", metric => Value(metric, metric.Result));
        if (metrics.Any(metric => metric.Budget is not null))
            yield return ("Budget", Verdict);
    }

    private static string Value(MeasuredMetric metric, double? value) =>
        value is { } number ? MetricFormat.Format(MetricCatalog.Find(metric.Metric)?.Unit ?? MetricUnit.Number, number) : "";

    /// <summary>A broken limit must be seen without color, too.</summary>
    private static string Verdict(MeasuredMetric metric) => metric.Budget switch
    {
        null => "",
        "broken" => "BROKEN",
        "warning" => "broken (warning)",
        var kept => kept,
    };
}
