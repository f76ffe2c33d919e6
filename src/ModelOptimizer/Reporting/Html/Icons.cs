using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>Lights that differ in shape as well as in color.</summary>
internal static class Icons
{
    public static XElement Of(Light light) => light switch
    {
        Light.Kept => Good,
        Light.Close or Light.Warning => Warning,
        _ => Bad,
    };

    /// <summary>Of a diagnostic's severity.</summary>
    public static XElement Of(string severity) => severity switch
    {
        "error" => Bad,
        "warning" => Warning,
        _ => Info,
    };

    public static string ClassOf(Light light) => light switch
    {
        Light.Kept => "good",
        Light.Close or Light.Warning => "near",
        _ => "bad",
    };

    public static XElement Good => Icon("good", E("circle", A("cx", 8), A("cy", 8), A("r", 8)), E("path", A("d", "M4 8.5l2.7 2.7L12 5.6")));

    public static XElement Bad => Icon("bad", E("rect", A("width", 16), A("height", 16), A("rx", 3)), E("path", A("d", "M4.5 4.5l7 7m0-7l-7 7")));

    private static XElement Warning => Icon("near", E("path", Class("shape"), A("d", "M8 .8l7.6 14H.4z")), E("path", A("d", "M8 6v4m0 2v.4")));

    private static XElement Info => Icon("info", E("circle", A("cx", 8), A("cy", 8), A("r", 8)), E("path", A("d", "M8 7v5m0-8v.4")));

    /// <summary>Words stand beside it: it says nothing of its own.</summary>
    private static XElement Icon(string kind, params ReadOnlySpan<object?> shapes)
    {
        var icon = E("svg", shapes);
        icon.Add(Class($"icon {kind}"), A("viewBox", "0 0 16 16"), A("width", 16), A("height", 16), A("aria-hidden", "true"));
        return icon;
    }
}
