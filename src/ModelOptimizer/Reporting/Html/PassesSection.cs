using System.Xml.Linq;
using ModelOptimizer.Passes;
using ModelOptimizer.Reporting.Html.Charts;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>What each entry of the profile did to nodes and bytes, and which changes it made.</summary>
internal static class PassesSection
{
    public static Section? Of(OptimizationReport report)
    {
        if (report.Passes.Count == 0)
            return null;
        var largest = report.Passes.Max(run => Math.Max(run.Before.Bytes, run.After.Bytes));
        return Section.Of("passes", "Before and after each pass",
            PairedBar.Legend("before", "after"),
            Tables.Of("Before and after each pass", ["Pass", ">Rewrites", ">Left alone", ">Nodes", "Bytes of constants", ">"],
                Rows(report.Passes, largest)),
            Rewrites(report));
    }

    /// <summary>An entry of the profile and below it the members of a group that did something.</summary>
    private static IEnumerable<XElement> Rows(IEnumerable<PassRun> runs, long largest)
    {
        var members = new List<PassRun>();
        foreach (var run in runs)
        {
            if (run.Group is not null)
            {
                members.Add(run);
                continue;
            }
            // What a pass left alone in its last round is what stays.
            var passes = members.GroupBy(member =>
                member.Pass, (pass, all) => (Pass: pass, Rewrites: all.Sum(one => one.Rewrites), LeftAlone: all.Last().Refusals)).ToList();
            yield return Row(run, run.Refusals + passes.Sum(pass => pass.LeftAlone), largest);
            foreach (var (pass, rewrites, leftAlone) in passes.Where(pass => pass.Rewrites + pass.LeftAlone > 0))
                yield return E("tr", Class("member"), Tables.Head(pass), Tables.Number(Some(rewrites)), Tables.Number(Some(leftAlone)),
                    Tables.Number(""), Tables.Cell(), Tables.Number(""));
            members.Clear();
        }
    }

    private static XElement Row(PassRun run, int leftAlone, long largest) => E("tr",
        Tables.Head(run.Pass),
        Tables.Number(Values.Count(run.Rewrites)),
        Tables.Number(Some(leftAlone)),
        Tables.Number(run.Before.Nodes == run.After.Nodes ? Values.Count(run.After.Nodes)
            : $"{Values.Count(run.Before.Nodes)} → {Values.Count(run.After.Nodes)}"),
        Tables.Cell(Class("bars"), PairedBar.Of(run.Before.Bytes, run.After.Bytes, largest)),
        Tables.Number($"{Values.Bytes(run.Before.Bytes)} → {Values.Bytes(run.After.Bytes)}"));

    private static XElement? Rewrites(OptimizationReport report) => report.Rewrites.Count == 0 ? null : E("details",
        E("summary", $"All {Values.Count(report.Rewrites.Sum(rewrite => rewrite.Where.Count))} rewrites by kind"),
        Tables.Of("Rewrites by kind", ["Pass", "Change", ">Places", "First place"], report.Rewrites.Select(rewrite => E("tr",
            Tables.Head(rewrite.Pass),
            Tables.Cell(rewrite.What),
            Tables.Number(Values.Count(rewrite.Where.Count)),
            Tables.Cell(rewrite.Where is [var first, ..] ? Code(first) : null)))));

    private static string Some(int count) => count == 0 ? "" : Values.Count(count);
}
