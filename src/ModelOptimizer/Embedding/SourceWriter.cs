using System.Text;

namespace ModelOptimizer.Embedding;

/// <summary>Writes indented C#.</summary>
internal sealed class SourceWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public SourceWriter Line(string line = "")
    {
        _text.Append(' ', line.Length == 0 || line[0] == '#' ? 0 : 4 * _depth).Append(line).Append('\n');
        return this;
    }

    /// <summary>A head with a block in braces below it.</summary>
    public SourceWriter Block(string head, Action body)
    {
        Line(head).Line("{");
        _depth++;
        body();
        _depth--;
        return Line("}");
    }

    public SourceWriter Summary(string text) => Line($"/// <summary>{text}</summary>");

    public override string ToString() => _text.ToString();

    /// <summary>Text for a documentation comment; a name can hold anything, line breaks included.</summary>
    public static string Xml(string text) => string.Concat(text.Select(c => c switch
    {
        '<' => "&lt;",
        '>' => "&gt;",
        '&' => "&amp;",
        _ when char.IsControl(c) || c is '\u2028' or '\u2029' => " ",
        _ => c.ToString(),
    }));

    /// <summary>A C# string literal.</summary>
    public static string Literal(string text) => '"' + string.Concat(text.Select(c => c switch
    {
        '"' => "\\\"",
        '\\' => @"\\",
        _ when char.IsControl(c) || c is '\u2028' or '\u2029' || char.IsSurrogate(c) => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    })) + '"';
}
