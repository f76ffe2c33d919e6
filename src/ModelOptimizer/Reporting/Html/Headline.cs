using System.Globalization;
using System.Xml.Linq;
using ModelOptimizer.Profiles;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What was optimized, what came of it, and whether it may be used.</summary>
internal static class Headline
{
    public static string NameOf(OptimizationReport report) => report.Result.Files is [var file, ..] ? file.File : "model";

    public static XElement Of(OptimizationReport report)
    {
        var (before, after) = (report.Original, report.Result);
        var scored = report.Metrics.FirstOrDefault(metric => metric.Original is not null && MetricCatalog.Find(metric.Metric) is { IsCost: false });
        return E("header",
            E("div", E("h1", NameOf(report)), Verdict(report)),
            E("div", Class("tiles"),
                Tile("Size", Values.Bytes(before.Bytes), Values.Bytes(after.Bytes), $"{Values.Ratio(before.Bytes, after.Bytes)} of the original"),
                Tile("Nodes", Values.Count(before.Nodes), Values.Count(after.Nodes), Change(before.Nodes, after.Nodes)),
                Tile("Parameters", Values.Short(before.Parameters), Values.Short(after.Parameters), Change(before.Parameters, after.Parameters)),
                scored is null ? null : Tile(scored.Metric, Values.Of(scored.Metric, scored.Original!.Value), Values.Of(scored.Metric,
                    scored.Result), "on the evaluation data")));
    }

    /// <summary>In words: what stands in the way, or that nothing does.</summary>
    public static string Outcome(OptimizationReport report)
    {
        var lights = BudgetLight.All(report);
        var broken = lights.Count(light => light.Light == Light.Broken);
        var warned = lights.Count(light => light.Light == Light.Warning);
        return !report.Accepted ? broken > 0 ? $"Rejected: {broken} of {lights.Count} budgets broken" : "Rejected: a goal was missed"
            : lights.Count == 0 ? "Accepted; no budget set"
            : warned > 0 ? $"Accepted with {warned} warning{(warned == 1 ? "" : "s")}"
            : lights.Count switch { 1 => "Accepted: the budget is kept", 2 =>
                "Accepted: both budgets kept", _ => $"Accepted: all {lights.Count} budgets kept" };
    }

    private static XElement Verdict(OptimizationReport report) =>
        E("p", Class($"verdict {(report.Accepted ? "good" : "bad")}"), report.Accepted ? Icons.Good : Icons.Bad, E("span", Outcome(report)));

    private static XElement Tile(string title, string before, string after, string note) => E("div", Class("tile"),
        E("span", Class("name"), title),
        E("span", Class("values"), E("span", Class("from"), before), E("span", Class("arrow"), " → "), E("strong", after)),
        E("span", Class("note"), note));

    private static string Change(long before, long after) => before == after ? "unchanged"
        : before == 0 ? "" : ((double)after / before - 1).ToString("+0.#%;−0.#%;0%", CultureInfo.InvariantCulture);
}
