using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What passes left alone, and why.</summary>
internal static class RefusalsSection
{
    public static Section? Of(OptimizationReport report) => report.Refusals.Count == 0 ? null : Section.Of("refusals", "Left alone, and why",
        E("p", $"{Values.Count(report.Refusals.Count)} candidates that passes looked at and did not change."),
        Tables.Filtered("refusals-table", "Left alone", ["Pass", "Where", "Why"], [.. report.Refusals.Select(refusal =>
            (refusal.Pass, E("tr", Tables.Cell(refusal.Pass), Tables.Head(Code(refusal.Where)), Tables.Cell(refusal.Why))))]));
}
