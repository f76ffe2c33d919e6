using System.Xml.Linq;
using ModelOptimizer.Reporting.Html.Charts;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>Where the bytes are: the largest constants, before and after.</summary>
internal static class InitializersSection
{
    /// <summary>Constants shown one by one.</summary>
    private const int Most = 20;

    public static Section? Of(OptimizationReport report)
    {
        if (report.Initializers is not { Largest.Count: > 0 } sizes)
            return null;
        var shown = sizes.Largest.Take(Most).ToList();
        var others = (Before: sizes.Before - shown.Sum(one => one.Before), After: sizes.After - shown.Sum(one => one.After ?? 0));
        var largest = shown.Select(one => Math.Max(one.Before, one.After ?? 0)).Append(Math.Max(others.Before, others.After)).Max();
        return Section.Of("initializers", "Size by initializer",
            PairedBar.Legend("original", "result"),
            Tables.Of("Size by initializer", ["Initializer", "Bytes", ">Original", ">Result"],
            [
                .. shown.Select(one => Row(one, largest)),
                .. others.Before > 0 || others.After > 0 ? [Others(others.Before, Math.Max(0, others.After), largest)] : Array.Empty<XElement>(),
                E("tr", Class("sum"), Tables.Head("all"), Tables.Cell(), Tables.Number(Values.Bytes(sizes.Before)),
                    Tables.Number(Values.Bytes(sizes.After))),
            ]));
    }

    private static XElement Row(InitializerReport one, long largest) => E("tr",
        Tables.Head(Code(one.Name), E("span", Class("note"), one.Operator.Length == 0 ? one.Type : $"{one.Type} · {one.Operator}")),
        Tables.Cell(Class("bars"), PairedBar.Of(one.Before, one.After ?? 0, largest)),
        Tables.Number(one.Before == 0 ? "new" : Values.Bytes(one.Before)),
        Tables.Number(one.After is { } after ? Values.Bytes(after) : "gone"));

    /// <summary>What came of constants that are gone is among them, too.</summary>
    private static XElement Others(long before, long after, long largest) => E("tr",
        Tables.Head("others", E("span", Class("note"), "smaller ones, and what was made of those that are gone")),
        Tables.Cell(Class("bars"), PairedBar.Of(before, after, largest)),
        Tables.Number(Values.Bytes(before)),
        Tables.Number(Values.Bytes(after)));
}
