using System.Text.RegularExpressions;
using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>The README's snippets, as people copy them.</summary>
internal static partial class Readme
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "README.md")).ReplaceLineEndings("\n");

    /// <summary>The first snippet of a language in the section whose heading begins with these words.</summary>
    public static string Snippet(string section, string language)
    {
        var from = Text.IndexOf($"### {section}", StringComparison.Ordinal);
        Assert.That(from, Is.Positive, $"The README has no section '{section}'");
        var snippet = Fence().Matches(Text, from).FirstOrDefault(match => match.Groups["language"].Value == language);
        Assert.That(snippet, Is.Not.Null, $"The README's section '{section}' has no snippet in {language}");
        return snippet!.Groups["code"].Value;
    }

    [GeneratedRegex("^```(?<language>\\w+)\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
