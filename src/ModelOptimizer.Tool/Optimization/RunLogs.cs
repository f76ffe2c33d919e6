using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting;
using ModelOptimizer.Reporting.Sarif;

namespace ModelOptimizer.Tool;

/// <summary>What a run tells CI systems, whether it went well or not: a section of a job's summary, and findings for code scanning.</summary>
internal sealed class RunLogs
{
    private readonly Option<string?> _summary = new("--summary")
    {
        Description = "Append what came of it to this file, as a short section of Markdown: $GITHUB_STEP_SUMMARY, for instance",
        HelpName = "FILE",
    };

    private readonly Option<string?> _sarif = new("--sarif")
    {
        Description = "Write errors, warnings and notes to this file as SARIF 2.1.0, for code scanning",
        HelpName = "FILE",
    };

    private readonly Option<string?> _root = new("--source-root")
    {
        Description = "With --sarif: the folder that places are told relative to; by default the one this runs in",
        HelpName = "FOLDER",
    };

    public IEnumerable<Option> Options => [_summary, _sarif, _root];

    /// <summary>Runs the work and writes down what came of it.</summary>
    /// <param name="work">Gives the report.</param>
    /// <exception cref="UsageException">A root is given with nothing to tell relative to it.</exception>
    /// <exception cref="DiagnosticException">What the work throws, or a file can't be written.</exception>
    public void Run(ParseResult parsed, Asked asked, CommandContext context, Func<OptimizationReport> work)
    {
        if (parsed.GetValue(_root) is not null && parsed.GetValue(_sarif) is null)
            throw new UsageException("--source-root belongs to --sarif");
        try
        {
            var report = work();
            Write(parsed, asked, context, report);
        }
        catch (DiagnosticException e)
        {
            foreach (var diagnostic in e.Diagnostics)
                context.Report(diagnostic);
            Write(parsed, asked, context, report: null);
            throw;
        }
    }

    private void Write(ParseResult parsed, Asked asked, CommandContext context, OptimizationReport? report)
    {
        if (parsed.GetValue(_sarif) is { } sarif)
        {
            var root = Path.GetFullPath(parsed.GetValue(_root) ?? Environment.CurrentDirectory);
            FileProblems.Guard(sarif, () => new SarifReport(root, Path.GetFileName(asked.Model ?? ""), asked.Place)
                .Write(sarif, context.Reported.Select(DiagnosticReport.At)));
        }
        if (parsed.GetValue(_summary) is { } summary)
            FileProblems.Guard(summary, () => SharedFile.Append(summary,
                report is null ? MarkdownReport.OfFailure(Path.GetFileName(asked.Model ?? asked.Place),
                    context.Reported.Select(DiagnosticReport.Of)) : MarkdownReport.Of(report)));
    }

    /// <summary>What the command line asks for, as far as it is known when nothing is read yet.</summary>
    internal sealed record Asked(string? Model, string? Profile)
    {
        /// <summary>Where findings are shown that have no place of their own.</summary>
        public string Place => Profile ?? Model ?? ProfileChoice.DefaultFile;
    }
}
