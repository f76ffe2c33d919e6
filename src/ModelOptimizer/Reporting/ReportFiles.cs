using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting.Html;

namespace ModelOptimizer.Reporting;

/// <summary>All that tells of a run: the report for programs and the same for people. Made first, so that what can't be put into words writes nothing.</summary>
public sealed class ReportFiles(OptimizationReport report)
{
    private readonly byte[] _json = ReportWriter.ToJson(report);
    private readonly byte[] _page = HtmlReport.Of(report);

    /// <summary>Writes each whole or not at all.</summary>
    /// <exception cref="DiagnosticException">The place can't be written to.</exception>
    public void Write(OutputFiles output)
    {
        ArgumentNullException.ThrowIfNull(output);
        FileProblems.Guard(output.Report, () => WholeFile.Write(output.Report, _json));
        FileProblems.Guard(output.Page, () => WholeFile.Write(output.Page, _page));
    }
}
