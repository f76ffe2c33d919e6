using System.Text;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Reporting;

/// <summary>The report as a short section of Markdown, for the summaries that CI systems show: sizes, budgets, metrics, and what was warned
/// of.</summary>
public static class MarkdownReport
{
    /// <summary>One section, with an empty line at its end.</summary>
    public static string Of(OptimizationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder();
        var (before, after) = (report.Original.Bytes, report.Result.Bytes);
        text.Append($"### {(report.Accepted ? "✅" : "❌")} {Name(report.Result.Files is [var file, ..] ? file.File : "model")}: ");
        text.Append($"{new ByteSize(before)} → {new ByteSize(after)} ({MetricFormat.Format(MetricUnit.Ratio, (double)after / before)})\n\n");
        if (!report.Accepted)
            text.Append("**Rejected**: the result is not for use.\n\n");
        Budgets(text, report);
        Metrics(text, report);
        Findings(text, report.Diagnostics);
        return text.ToString();
    }

    /// <summary>The section of a model that could not be optimized.</summary>
    public static string OfFailure(string model, IEnumerable<DiagnosticReport> diagnostics)
    {
        var text = new StringBuilder($"### ❌ {Name(model)}: not optimized\n\n");
        Findings(text, diagnostics);
        return text.ToString();
    }

    private static void Budgets(StringBuilder text, OptimizationReport report)
    {
        if (report.Budget.Count == 0)
            return;
        text.Append("| Budget | Measured | Allowed | |\n|---|--:|--:|---|\n");
        foreach (var light in BudgetLight.All(report))
            text.Append($"| {Escape(light.Budget.Metric)} | {light.Measured} | {light.Allowed} | {Symbol(light.Light)} {light.Word} |\n");
        text.Append('\n');
    }

    private static void Metrics(StringBuilder text, OptimizationReport report)
    {
        var metrics = report.Metrics.Where(metric => metric.Metric is not ("size" or "size-ratio")).ToList();
        if (metrics.Count == 0)
            return;
        text.Append("| Metric | Original | Result |\n|---|--:|--:|\n");
        foreach (var metric in metrics)
            text.Append($"| {Escape(metric.Metric)} | {(metric.Original is { } own ? Value(metric, own) : "")} | {Value(metric, metric.Result)} |\n");
        text.Append('\n');
    }

    /// <summary>Errors first; what is only worth knowing is left to the report.</summary>
    private static void Findings(StringBuilder text, IEnumerable<DiagnosticReport> diagnostics)
    {
        var told = diagnostics.Where(diagnostic => diagnostic.Severity is "error" or "warning")
            .OrderBy(diagnostic => diagnostic.Severity == "error" ? 0 : 1)
            .ToList();
        foreach (var diagnostic in told)
        {
            text.Append($"- {(diagnostic.Severity == "error" ? "❌" : "⚠️")} **{Escape(diagnostic.Code)}** ");
            if (diagnostic.File is { } file)
                text.Append(diagnostic.Line > 0 ? $"{Name($"{file}:{diagnostic.Line}")} " : $"{Name(file)} ");
            text.Append(Escape(diagnostic.Message)).Append('\n');
        }
        if (told.Count > 0)
            text.Append('\n');
    }

    private static string Symbol(Light light) => light switch
    {
        Light.Kept => "✅",
        Light.Close => "🟡",
        Light.Warning => "⚠️",
        _ => "❌",
    };

    private static string Value(MetricReport metric, double value) =>
        MetricFormat.Format(MetricCatalog.Find(metric.Metric)?.Unit ?? MetricUnit.Number, value);

    private static string Name(string text) => $"`{text.ReplaceLineEndings(" ").Replace('`', '\'').Replace('|', '¦')}`";

    /// <summary>Names of nodes and values in messages are foreign text: nothing of it is markup.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text.ReplaceLineEndings(" "))
            escaped.Append(c switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '\\' or '`' or '*' or '_' or '[' or ']' or '|' or '~' or '#' or '$' => $"\\{c}",
                _ when char.IsControl(c) => " ",
                _ => $"{c}",
            });
        return escaped.ToString();
    }
}
