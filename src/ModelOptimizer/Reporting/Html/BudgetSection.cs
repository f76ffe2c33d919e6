using System.Xml.Linq;
using ModelOptimizer.Reporting.Html.Charts;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>Each limit with its traffic light, and how much of what it allows is used up.</summary>
internal static class BudgetSection
{
    public static Section? Of(OptimizationReport report) => report.Budget.Count == 0 ? null : Section.Of("budgets", "Budgets",
        Tables.Of("Budgets", ["Limit", "Verdict", ">Measured", ">Allowed", "Used up", "Place"], BudgetLight.All(report).Select(Row)),
        BudgetLight.All(report).Where(light => !light.Budget.Passed)
            .Select(light => E("p", Class("message"), Icons.Of(light.Light), E("span", light.Budget.Message))));

    private static XElement Row(BudgetLight light) => E("tr",
        Tables.Head(light.Budget.Metric),
        Tables.Cell(Class("light"), E("span", Class(Icons.ClassOf(light.Light)), Icons.Of(light.Light), E("span", light.Word))),
        Tables.Number(light.Measured),
        Tables.Number(light.Allowed),
        Tables.Cell(Class("bars"), light.Room is { } room ? UsedBar.Of(1 - room, light.Light) : null),
        Tables.Cell(Class("place"), $"{light.Budget.File}:{light.Budget.Line}"));
}
