using System.Xml.Linq;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting.Html.Charts;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>The steps of a run, from the original to the result, by size and by quality.</summary>
/// <param name="metric">The metric drawn; null when none has a value at both ends.</param>
internal sealed class StepPoints(OptimizationReport report, IReadOnlyList<StepReport> steps, string? metric)
{
    public static StepPoints Of(OptimizationReport report)
    {
        var steps = report.Steps ?? [Ends("", report.Original, isOriginal: true), Ends("result", report.Result, isOriginal: false)];
        // What the budget asks for first; only quality is told of both ends.
        var metrics = report.Budget.Select(budget => budget.Metric)
            .Concat(report.Metrics.Where(one => one.Original is not null).Select(one => one.Metric))
            .Concat(report.Metrics.Select(one => one.Metric)).Where(name => MetricCatalog.Find(name) is { IsCost: false });
        return new(report, steps, metrics.FirstOrDefault(name => steps.Count(step => Value(step, name) is not null) > 1));

        StepReport Ends(string name, ModelReport model, bool isOriginal) => new(name, false, model.Bytes, model.Parameters, null,
            [.. report.Metrics.Select(one => isOriginal ? one with { Result = one.Original ?? WithItself(one.Metric) } : one)
                .Where(one => !double.IsNaN(one.Result))]);
    }

    public XElement? Chart()
    {
        if (metric is null)
            return null;
        PlotPoint[] points = [.. steps.Index().Where(step => Value(step.Item, metric) is not null)
            .Select(step => Point(step.Index, step.Item, Value(step.Item, metric)!.Value))];
        var limit = report.Budget.FirstOrDefault(budget => budget.Metric == metric)?.Allowed;
        var plot = new Plot("quality-chart", $"{metric} against size", string.Join("; ", points.Select(point => point.Title)),
            QualitySection.ByteAxis(points.Select(point => point.X)),
            QualitySection.MetricAxis(metric, points.Select(point => point.Y).Concat(limit is { } shown && double.IsFinite(shown) ? [shown] : [])));
        if (limit is { } allowed && double.IsFinite(allowed))
            plot.Limit(allowed, $"limit {Values.Of(metric, allowed)}");
        plot.Line(points);
        plot.Points(points);
        return plot.Draw();
    }

    /// <summary>Where a run has but two ends, headline and metrics tell all that there is.</summary>
    public XElement? Table()
    {
        if (report.Steps is null)
            return null;
        string[] metrics = [.. steps.SelectMany(step => step.Metrics).Select(one => one.Metric).Distinct()
            .Where(name => name is not ("size" or "size-ratio"))];
        var hasFlops = steps.Any(step => step.Flops is not null);
        return Tables.Of("Quality and size of each step",
            [">#", "After", ">Size", ">Parameters", .. hasFlops ? [">FLOPs"] : Array.Empty<string>(), .. metrics.Select(name => $">{name}")],
            steps.Select((step, i) => E("tr",
                Tables.Number($"{i}"), Tables.Head(Name(step)), Tables.Number(Values.Bytes(step.Bytes)), Tables.Number(Values.Short(step.Parameters)),
                hasFlops ? Tables.Number(step.Flops is { } flops ? Values.Short(flops) : "") : null,
                metrics.Select(name => Tables.Number(step.Metrics.FirstOrDefault(one =>
                    one.Metric == name) is { } one ? Values.Of(name, one.Result) : "")))));
    }

    private PlotPoint Point(int index, StepReport step, double value) => new(step.Bytes, value, $"{index}",
        $"{index}, {Name(step)}: {Values.Bytes(step.Bytes)}, {metric} {Values.Of(metric!, value)}", index == steps.Count - 1 ? "strong"
            : step.BeforeRecovery ? "weak" : "plain");

    private static double? Value(StepReport step, string metric) =>
        step.Metrics.FirstOrDefault(one => one.Metric == metric)?.Result is { } value && double.IsFinite(value) ? value : null;

    /// <summary>What the original has when it is compared with itself.</summary>
    private static double WithItself(string metric) => MetricCatalog.Find(metric) switch
    {
        { HasOriginal: false, IsCost: false, Unit: MetricUnit.Rate } => 1,
        { HasOriginal: false, IsCost: false, HigherIsBetter: false } => 0,
        _ => double.NaN,
    };

    private static string Name(StepReport step) =>
        step.Pass.Length == 0 ? "original" : step.BeforeRecovery ? $"{step.Pass}, before recovery" : step.Pass;
}
