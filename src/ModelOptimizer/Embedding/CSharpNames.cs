using System.Globalization;
using System.Text;

namespace ModelOptimizer.Embedding;

/// <summary>Turns names of files, tensors and projects into names that C# accepts.</summary>
internal static class CSharpNames
{
    private const string Keywords = """
        abstract as base bool break byte case catch char checked class const continue decimal default delegate do double else enum
        event explicit extern false finally fixed float for foreach goto if implicit in int interface internal is lock long namespace
        new null object operator out override params private protected public readonly ref return sbyte sealed short sizeof stackalloc
        static string struct switch this throw true try typeof uint ulong unchecked unsafe ushort using virtual void volatile while
        await dynamic extension field file nint nuint partial record required scoped where yield
        """;

    private static readonly HashSet<string> Reserved = [.. Keywords.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>An identifier in Pascal case: <c>input_ids</c> becomes <c>InputIds</c>, <c>0</c> becomes <c>_0</c>.</summary>
    public static string ToPascal(string text)
    {
        var name = new StringBuilder();
        var startsWord = true;
        foreach (var c in text.Normalize(NormalizationForm.FormC))
        {
            if (IsPart(c))
                name.Append(startsWord ? char.ToUpperInvariant(c) : c);
            startsWord = !IsPart(c);
        }
        return name.Length == 0 ? "_" : IsStart(name[0]) ? name.ToString() : $"_{name}";

        static bool IsPart(char c) => char.IsLetterOrDigit(c);
    }

    /// <summary>The same with a small first letter, for parameters: <c>input_ids</c> becomes <c>inputIds</c>.</summary>
    public static string ToCamel(string text)
    {
        var name = ToPascal(text);
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    /// <summary>The identifier as source text: keywords get their <c>@</c>.</summary>
    public static string Escape(string identifier) => Reserved.Contains(identifier) ? $"@{identifier}" : identifier;

    /// <summary>A namespace as source text; parts that C# refuses are mended: <c>my-app.3d</c> becomes <c>my_app._3d</c>.</summary>
    public static string ToNamespace(string text) =>
        string.Join('.', text.Split('.', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Mend));

    public static bool IsIdentifier(string text) => text.Length > 0 && IsStart(text[0]) && text.All(IsPart);

    private static string Mend(string part)
    {
        var mended = string.Concat(part.Select(c => IsPart(c) ? c : '_'));
        return Escape(IsStart(mended[0]) ? mended : $"_{mended}");
    }

    private static bool IsStart(char c) => c == '_' || char.IsLetter(c);

    private static bool IsPart(char c) => IsStart(c) || char.GetUnicodeCategory(c)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;
}
