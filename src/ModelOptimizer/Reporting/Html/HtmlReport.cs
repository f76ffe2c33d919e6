using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using static ModelOptimizer.Reporting.Html.Markup;

namespace ModelOptimizer.Reporting.Html;

/// <summary>
/// The report as one page for people, <c>NAME.report.html</c>: it loads nothing, follows the reader's choice of light or dark, and can be read
/// without
/// its script, which only filters tables. Equal reports give equal bytes.
/// </summary>
public static class HtmlReport
{
    /// <summary>The page as UTF-8.</summary>
    public static byte[] Of(OptimizationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var (style, script) = (Resource("report.css"), Resource("report.js"));
        var sections = Sections(report).ToList();
        var page = E("html", A("lang", "en"),
            E("head",
                E("meta", A("charset", "utf-8")),
                E("meta", A("http-equiv", "Content-Security-Policy"), A("content", Policy(style, script))),
                E("meta", A("name", "viewport"), A("content", "width=device-width, initial-scale=1")),
                E("meta", A("name", "color-scheme"), A("content", "light dark")),
                E("title", $"{Headline.NameOf(report)} · optimization report"),
                E("style", style)),
            E("body",
                Headline.Of(report),
                E("nav", A("aria-label", "Sections"), sections.Select(section => E("a", A("href", $"#{section.Id}"), section.Title))),
                sections.Select(section => section.Element),
                Colophon.Of(report),
                E("script", script)));
        return Encoding.UTF8.GetBytes("<!DOCTYPE html>\n" + Text(page) + "\n");
    }

    /// <summary>In the order of what a reader wants to know.</summary>
    private static IEnumerable<Section> Sections(OptimizationReport report) => new[]
    {
        BudgetSection.Of(report),
        DiagnosticsSection.Of(report),
        MetricsSection.Of(report),
        QualitySection.Of(report),
        TraceSection.Of(report),
        PassesSection.Of(report),
        InitializersSection.Of(report),
        WeightsSection.Of(report),
        RefusalsSection.Of(report),
    }.OfType<Section>();

    /// <summary>Nothing is loaded, sent or run but the style and the script that stand in the page.</summary>
    private static string Policy(string style, string script) =>
        $"default-src 'none'; style-src '{Hash(style)}'; script-src '{Hash(script)}'; base-uri 'none'; form-action 'none'";

    private static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    /// <summary>With one kind of line ends, so that the page is the same wherever the product was built.</summary>
    private static string Resource(string name)
    {
        using var stream = typeof(HtmlReport).Assembly.GetManifestResourceStream($"ModelOptimizer.Reporting.Html.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}

/// <summary>One section of the page.</summary>
/// <param name="Id">What links lead to.</param>
internal sealed record Section(string Id, string Title, XElement Element)
{
    public static Section Of(string id, string title, params ReadOnlySpan<object?> content)
    {
        var element = E("section", A("id", id), A("aria-labelledby", $"{id}-title"), E("h2", A("id", $"{id}-title"), title));
        foreach (var item in content)
            element.Add(item);
        return new(id, title, element);
    }
}
