using ModelOptimizer.Diagnostics;
using ModelOptimizer.Reporting.Html;

namespace ModelOptimizer.Reporting;

/// <summary>Writes all that tells of a run: the report for programs and the same for people, each whole or not at all.</summary>
public static class ReportFiles
{
    public static void Write(OptimizationReport report, OutputFiles output)
    {
        FileProblems.Guard(output.Report, () => ReportWriter.Write(report, output.Report));
        FileProblems.Guard(output.Page, () => WholeFile.Write(output.Page, HtmlReport.Of(report)));
    }
}
