using System.Globalization;
using System.Text;
using System.Xml.Linq;

namespace ModelOptimizer.Reporting.Html;

/// <summary>Elements of a page, and their text as HTML that is XML as well.</summary>
internal static class Markup
{
    /// <summary>Elements without content, which have no end tag.</summary>
    private static readonly HashSet<string> Void = ["meta", "br", "input"];

    /// <summary>Elements whose content stands as it is.</summary>
    private static readonly HashSet<string> Raw = ["style", "script"];

    /// <summary>Elements behind which a line ends, so that a diff of two reports tells something.</summary>
    private static readonly HashSet<string> Lines =
        ["head", "meta", "title", "style", "script", "header", "nav", "section", "footer", "h1", "h2", "h3", "p", "div", "table", "thead", "tbody",
            "tr", "svg", "g",
            "details", "summary", "ul", "li"];

    /// <summary>An element; what is null is left out.</summary>
    public static XElement E(string name, params ReadOnlySpan<object?> content)
    {
        var element = new XElement(name);
        foreach (var item in content)
            element.Add(item);
        return element;
    }

    public static XAttribute A(string name, string value) => new(name, value);

    /// <summary>A length or coordinate, to the hundredth.</summary>
    public static XAttribute A(string name, double value) => new(name, Number(value));

    public static XAttribute Class(string names) => new("class", names);

    /// <summary>Names of nodes and values: foreign text, kept together and from turning round what stands beside it.</summary>
    public static XElement Code(string text) => E("code", text);

    /// <summary>Independent of the culture, without a minus in front of nothing.</summary>
    public static string Number(double value) => (Math.Round(value, 2) + 0.0).ToString("0.##", CultureInfo.InvariantCulture);

    public static string Text(XElement element)
    {
        var text = new StringBuilder();
        Append(text, element);
        return text.ToString();
    }

    private static void Append(StringBuilder text, XElement element)
    {
        var name = element.Name.LocalName;
        text.Append('<').Append(name);
        foreach (var attribute in element.Attributes())
        {
            text.Append(' ').Append(attribute.Name.LocalName).Append("=\"");
            Escape(text, attribute.Value);
            text.Append('"');
        }
        if (Void.Contains(name))
        {
            text.Append(" />");
        }
        else
        {
            text.Append('>');
            foreach (var node in element.Nodes())
                if (node is XElement inner)
                    Append(text, inner);
                else if (Raw.Contains(name))
                    text.Append(((XText)node).Value);
                else
                    Escape(text, ((XText)node).Value);
            text.Append("</").Append(name).Append('>');
        }
        if (Lines.Contains(name))
            text.Append('\n');
    }

    /// <summary>What neither HTML nor XML can hold, such as control characters and halves of characters, becomes the mark for that.</summary>
    private static void Escape(StringBuilder text, string value)
    {
        foreach (var rune in value.EnumerateRunes())
            switch (rune.Value)
            {
                case '<': text.Append("&lt;"); break;
                case '>': text.Append("&gt;"); break;
                case '&': text.Append("&amp;"); break;
                case '"': text.Append("&quot;"); break;
                case '\'': text.Append("&#39;"); break;
                case '\t' or '\n': text.Append((char)rune.Value); break;
                case < 0x20 or (>= 0x7F and < 0xA0) or 0xFFFE or 0xFFFF: text.Append('\uFFFD'); break;
                default: text.Append(rune.ToString()); break;
            }
    }
}
