using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Tool;

/// <summary>What a run tells CI systems, whether it went well or not: a section of a job's summary, and findings for code scanning.</summary>
internal sealed class RunLogs
{
    private readonly Option<string?> _summary = new("--summary")
    {
        Description = "Append what came of it to this file, as a short section of Markdown: $GITHUB_STEP_SUMMARY, for instance",
        HelpName = "FILE",
    };

    private readonly SarifOptions _sarif = new();

    public IEnumerable<Option> Options => [_summary, .. _sarif.All];

    /// <summary>Runs the work and writes down what came of it. A log that can't be written is a warning.</summary>
    /// <param name="work">Gives the report.</param>
    /// <exception cref="UsageException">A root is given with nothing to tell relative to it.</exception>
    /// <exception cref="DiagnosticException">What the work throws.</exception>
    public void Run(ParseResult parsed, Asked asked, CommandContext context, Func<OptimizationReport> work)
    {
        _sarif.Check(parsed);
        OptimizationReport report;
        try
        {
            report = work();
        }
        catch (DiagnosticException e)
        {
            foreach (var diagnostic in e.Diagnostics)
                context.Report(diagnostic);
            Write(parsed, asked, context, report: null);
            throw;
        }
        Write(parsed, asked, context, report);
    }

    private void Write(ParseResult parsed, Asked asked, CommandContext context, OptimizationReport? report)
    {
        _sarif.Write(parsed, asked.Name, asked.Place, context);
        if (parsed.GetValue(_summary) is { } summary)
            SarifOptions.WriteLog(summary, context, () => SharedFile.Append(summary,
                report is null ? MarkdownReport.OfFailure(asked.Name, context.Reported.Select(DiagnosticReport.Of)) : MarkdownReport.Of(report)));
    }

    /// <summary>What the command line asks for, as far as it is known when nothing is read yet.</summary>
    internal sealed record Asked(string? Model, string? Profile)
    {
        /// <summary>The model to work on, once the profile was read.</summary>
        public string? Chosen { get; set; }

        /// <summary>Where findings are shown that have no place of their own.</summary>
        public string Place => Profile ?? Model ?? ProfileChoice.DefaultFile;

        /// <summary>Tells this run from those on other models, or by other profiles.</summary>
        public string Name => Path.GetFileName(Chosen ?? Model ?? Place);
    }
}
