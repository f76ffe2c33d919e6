using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What was told on the way, the worst first.</summary>
internal static class DiagnosticsSection
{
    private static readonly IReadOnlyList<string> Severities = ["error", "warning", "info"];

    public static Section? Of(OptimizationReport report) => report.Diagnostics.Count == 0 ? null : Section.Of("diagnostics", "Diagnostics",
        E("ul", Class("messages"), report.Diagnostics.OrderBy(diagnostic => Severities.IndexOf(diagnostic.Severity)).Select(Item)));

    private static XElement Item(DiagnosticReport diagnostic) => E("li",
        Icons.Of(diagnostic.Severity),
        E("span", E("strong", $"{diagnostic.Severity} {diagnostic.Code}"), Place(diagnostic), " ", diagnostic.Message));

    private static XElement? Place(DiagnosticReport diagnostic) => diagnostic.File is not { } file ? null
        : E("span", Class("place"), diagnostic.Line > 0 ? $" {file}:{diagnostic.Line}" : $" {file}");

    private static int IndexOf(this IReadOnlyList<string> all, string one) =>
        all.Index().Where(item => item.Item == one).Select(item => item.Index).FirstOrDefault(all.Count);
}
