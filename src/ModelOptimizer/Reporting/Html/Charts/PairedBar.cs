using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html.Charts;

/// <summary>Two bars, one above the other, as wide as their cell. The numbers stand beside them.</summary>
internal static class PairedBar
{
    private const int Height = 8;

    public static XElement Of(long before, long after, long largest) =>
        E("svg", Class("paired"), A("width", "100%"), A("height", 2 * Height + 2), A("aria-hidden", "true"),
        Bar("was", 0, before, largest),
        Bar("is", Height + 2, after, largest));

    /// <summary>Which of the two is which.</summary>
    public static XElement Legend(string before, string after) => E("p", Class("legend"), Key("was"), E("span", before), Key("is"), E("span", after));

    private static XElement Bar(string kind, int y, long value, long largest) =>
        E("rect", Class(kind), A("y", y), A("width", largest == 0 || value <= 0 ? "0" : $"{Number(Math.Max(100.0 * value / largest, 0.3))}%"),
            A("height", Height), A("rx", 1));

    private static XElement Key(string kind) =>
        E("svg", A("width", 14), A("height", 10), A("aria-hidden", "true"), E("rect", Class(kind), A("width", 14), A("height", 10), A("rx", 2)));
}
