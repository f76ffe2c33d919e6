using System.Text.Json;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>optimize</c>: where the files are, and the report itself.</summary>
/// <param name="Accepted">False when a budget is broken: <paramref name="Model"/> is the rejected candidate then.</param>
/// <param name="FromCache">Whether an earlier run did the work.</param>
internal sealed record OptimizationOutcome(int SchemaVersion, bool Accepted, bool FromCache, string Model, string ReportFile, JsonElement Report)
{
    public static OptimizationOutcome Of(OptimizationResult result)
    {
        using var report = JsonDocument.Parse(ReportWriter.ToJson(result.Report));
        return new(1, result.Accepted, result.IsFromCache, result.ModelPath, result.ReportPath, report.RootElement.Clone());
    }
}

/// <summary>The last event of a run.</summary>
/// <param name="Message">One line for the build's log.</param>
internal sealed record OptimizationEvent(string Kind, bool Accepted, string Model, string ReportFile, string Message)
{
    /// <summary>The end of a sentence about a result.</summary>
    public static string Origin(ResultSource source) => source switch
    {
        ResultSource.Cache => ", from the cache",
        ResultSource.SharedCache => ", from the shared cache",
        _ => "",
    };

    public static OptimizationEvent Of(OptimizationResult result)
    {
        var (before, after) = (result.Report.Original.Bytes, result.Report.Result.Bytes);
        var metrics = result.Report.Metrics.Select(metric => (Declaration: MetricCatalog.Find(metric.Metric)!, metric.Original, metric.Result))
            .Where(metric => metric.Original is not null && !metric.Declaration.IsCost)
            .Select(metric => $", {new Measurement(metric.Declaration, metric.Original, metric.Result)}");
        return new("summary", result.Accepted, result.ModelPath, result.ReportPath,
            $"{Quantities.Bytes(before)} → {Quantities.Bytes(after)} ({Quantities.Percent((double)after / before)}){string.Concat(metrics)}"
            + Origin(result.Source));
    }
}
