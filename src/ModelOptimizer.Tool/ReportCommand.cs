using System.CommandLine;
using System.Text;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;
using ModelOptimizer.Reporting.Html;
using ModelOptimizer.Reporting.Sarif;

namespace ModelOptimizer.Tool;

/// <summary><c>report REPORT</c>: makes a page, a summary or a log of what a run left behind.</summary>
internal static class ReportCommand
{
    private static readonly IReadOnlyDictionary<string, string> FormatsByExtension = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        [".html"] = "html", [".htm"] = "html", [".md"] = "markdown", [".sarif"] = "sarif",
    };

    private static readonly IReadOnlyDictionary<string, Func<OptimizationReport, byte[]>> Writers = new Dictionary<string, Func<OptimizationReport,
        byte[]>>
    {
        ["html"] = HtmlReport.Of,
        ["markdown"] = report => Encoding.UTF8.GetBytes(MarkdownReport.Of(report)),
        ["sarif"] = Sarif,
    };

    public static ToolCommand Create()
    {
        var report = new Argument<string>("REPORT") { Description = "A NAME.report.json, as optimize leaves it beside its result" };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The file to write; its extension tells the format: .html, .md or .sarif. By default it goes to stdout, as Markdown. "
                + "Reports know names of files without folders, and so does a .sarif of one; that of optimize --sarif has their places",
            HelpName = "FILE",
        };
        var format = new Option<string?>("--format") { Description = "What to make of it, whatever the extension says",
            HelpName = string.Join('|', Writers.Keys) };
        return new ToolCommand("report", "Make a page, a summary or a log of a stored report",
            "report small/model.report.json",
            "report small/model.report.json -o model.html",
            "report small/model.report.json -o model.sarif",
            "report small/model.report.json --format markdown -o summary.txt")
        {
            report,
            output,
            format,
        }.Does((parsed, context) => Run(parsed.GetValue(report)!, parsed.GetValue(output), FormatOf(parsed.GetValue(format),
            parsed.GetValue(output)), context));
    }

    private static void Run(string path, string? output, string format, CommandContext context)
    {
        var content = Writers[format](ReportReader.Read(path));
        if (output is not null)
            FileProblems.Guard(output, () => WholeFile.Write(output, content));
        var text = output is null ? Encoding.UTF8.GetString(content) : null;
        if (context.IsJson)
            context.WriteJson(new ReportOutcome(1, format, output, text), ToolJson.Readable.ReportOutcome);
        else
            context.Streams.Out.Write(text ?? $"{output}\n");
    }

    /// <exception cref="UsageException">There is no such format, or the extension tells none.</exception>
    private static string FormatOf(string? format, string? output)
    {
        if (format is not null)
            return Writers.ContainsKey(format) ? format
                : throw new UsageException($"There is no format '{format}'{Suggestion.ClauseOrList(format, [.. Writers.Keys])}");
        if (output is null)
            return "markdown";
        return FormatsByExtension.GetValueOrDefault(Path.GetExtension(output))
            ?? throw new UsageException($"'{output}' does not tell the format: end it in .html, .md or .sarif, or give --format");
    }

    /// <summary>Reports name files without their folders: where they lie is not said.</summary>
    private static byte[] Sarif(OptimizationReport report)
    {
        var model = report.Result.Files is [var file, ..] ? file.File : "model";
        return new SarifReport(root: null, model, report.Profile is [var profile, ..] ? profile.File : model).Of(report.Diagnostics);
    }
}

/// <summary>The JSON of <c>report</c>.</summary>
/// <param name="File">The file written; null when it goes to stdout.</param>
/// <param name="Text">What was made, where no file was named.</param>
internal sealed record ReportOutcome(int SchemaVersion, string Format, string? File, string? Text);
