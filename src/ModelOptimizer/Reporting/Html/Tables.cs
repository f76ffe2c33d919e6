using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>Tables of the page.</summary>
internal static class Tables
{
    /// <summary>Rows from which on a table gets a height of its own and a filter.</summary>
    public const int Long = 12;

    /// <summary>A table with a head line; columns whose title starts with <c>&gt;</c> are numbers.</summary>
    /// <param name="caption">What it shows, for those who don't see it.</param>
    public static XElement Of(string caption, IReadOnlyList<string> titles, IEnumerable<XElement> rows) =>
        E("div", Class("scroll"), A("tabindex", "0"), A("role", "region"), A("aria-label", caption),
            E("table",
                E("thead", E("tr", titles.Select(title =>
                    E("th", A("scope", "col"), title.StartsWith('>') ? Class("n") : null, title.TrimStart('>'))))),
                E("tbody", rows)));

    /// <summary>The same with a text box and, where there are several, a choice of passes above it. Long ones scroll.</summary>
    /// <param name="rows">Each with the pass that it belongs to.</param>
    public static IEnumerable<XElement> Filtered(string id, string caption, IReadOnlyList<string> titles,
        IReadOnlyList<(string Pass, XElement Row)> rows)
    {
        foreach (var (pass, row) in rows)
            row.Add(A("data-pass", pass));
        var table = Of(caption, titles, rows.Select(row => row.Row));
        table.Add(A("id", id));
        if (rows.Count > Long)
        {
            table.SetAttributeValue("class", "scroll long");
            yield return Filter(id, caption, [.. rows.GroupBy(row => row.Pass, (pass, all) => (pass, all.Count()))]);
        }
        yield return table;
    }

    /// <summary>A cell with a number.</summary>
    public static XElement Number(string text) => E("td", Class("n"), text);

    public static XElement Cell(params ReadOnlySpan<object?> content) => E("td", content);

    /// <summary>The cell that names the row.</summary>
    public static XElement Head(params ReadOnlySpan<object?> content)
    {
        var cell = E("th", content);
        cell.Add(A("scope", "row"));
        return cell;
    }

    /// <summary>Hidden until the script is at work.</summary>
    private static XElement Filter(string id, string caption, IReadOnlyList<(string Pass, int Count)> passes) =>
        E("div", Class("filter"), A("data-for", id), A("hidden", "hidden"),
        E("label", E("span", "Filter"), E("input", A("type", "search"), A("placeholder", "name or reason"), A("aria-label", $"Filter: {caption}"))),
        passes.Count < 2 ? null : E("label", E("span", "Pass"), E("select", A("aria-label", $"Pass: {caption}"), E("option", A("value", ""), "all"),
            passes.Select(pass => E("option", A("value", pass.Pass), $"{pass.Pass} ({pass.Count})")))),
        E("output", A("aria-live", "polite")));
}
