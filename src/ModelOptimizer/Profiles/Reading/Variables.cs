using System.Text;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>
/// Replaces <c>${msbuild:Name}</c> by values that a project passes on purpose; <c>$${</c> stands for a literal <c>${</c>.
/// </summary>
internal sealed class Variables(IReadOnlyDictionary<string, string> values)
{
    private const string Prefix = "msbuild:";

    /// <summary>How the JSON Schema recognizes a value that a variable gives.</summary>
    public const string Pattern = @"(^|[^$])\$\{msbuild:[A-Za-z_][A-Za-z0-9_]*\}";

    /// <summary>Replaces all variables in a text.</summary>
    /// <param name="error">What is wrong with the text when null is returned.</param>
    public string? Expand(string text, out string error)
    {
        var expanded = new StringBuilder();
        error = "";
        for (var at = 0; at < text.Length;)
        {
            var start = text.IndexOf("${", at, StringComparison.Ordinal);
            if (start < 0)
                return expanded.Append(text, at, text.Length - at).ToString();
            var isEscaped = start > at && text[start - 1] == '$';
            expanded.Append(text, at, start - at - (isEscaped ? 1 : 0));
            if (isEscaped)
            {
                expanded.Append("${");
                at = start + 2;
                continue;
            }
            var end = text.IndexOf('}', start);
            if (end < 0 || Value(text[(start + 2)..end], out error) is not { } value)
            {
                error = end < 0 ? "'${' has no '}'; write '$${' for a literal '${'" : error;
                return null;
            }
            expanded.Append(value);
            at = end + 1;
        }
        return expanded.ToString();
    }

    private string? Value(string name, out string error)
    {
        error = "";
        if (!name.StartsWith(Prefix, StringComparison.Ordinal))
            error = $"only ${{msbuild:Name}} can be substituted, not ${{{name}}}; write '$${{' for a literal '${{'";
        else if (values.TryGetValue(name[Prefix.Length..], out var value))
            return value;
        else
            error = $"the project passes no value '{name[Prefix.Length..]}'{Hint(name[Prefix.Length..])}";
        return null;
    }

    private string Hint(string name) => values.Count == 0
        ? "; it passes none at all"
        : Suggestion.ClauseOrList(name, [.. values.Keys.Order(StringComparer.Ordinal)]);
}
