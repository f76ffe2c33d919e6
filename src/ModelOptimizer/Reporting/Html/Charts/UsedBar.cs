using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html.Charts;

/// <summary>How much of a limit is used up, with the limit as a mark at four fifths of the width, so that there is room beyond.</summary>
internal static class UsedBar
{
    private const double Limit = 80;

    private const double MostUsed = 1.25;

    public static XElement Of(double used, Light light)
    {
        var text = used > MostUsed * 8 ? "far beyond" : $"{Number(Math.Round(Math.Max(used, 0) * 100))}%";
        var width = Math.Clamp(used, 0, MostUsed) * Limit;
        return E("span", Class("used"),
            E("svg", Class(Icons.ClassOf(light)), A("width", "100%"), A("height", 14), A("aria-hidden", "true"),
                E("rect", Class("track"), A("y", 3), A("width", "80%"), A("height", 8), A("rx", 2)),
                E("rect", Class("fill"), A("y", 3), A("width", $"{Number(width)}%"), A("height", 8), A("rx", 2)),
                E("line", A("x1", "80%"), A("x2", "80%"), A("y1", 0), A("y2", 14))),
            E("span", text));
    }
}
