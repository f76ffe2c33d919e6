using ModelOptimizer.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ModelOptimizer.Profiles;

/// <summary>Says in plain words what is wrong with a text that is not YAML.</summary>
internal static class YamlMistakes
{
    public static Diagnostic Explain(YamlException mistake, ProfileSource source)
    {
        var (line, column) = ((int)mistake.Start.Line, (int)mistake.Start.Column);
        // The parser names the start of the node that the tab spoils; other mistakes of its own sit where it says.
        var isOfTabs = mistake.Message.Contains("tab", StringComparison.Ordinal);
        if (FindTab(source.Text, line, isOfTabs ? int.MaxValue : line + 1) is { } tab)
            return Make(source, tab.Line, tab.Column, $"Line {tab.Line} is indented with a tab, and YAML allows only spaces there");
        return Make(source, line, column, $"Not valid YAML: {Reason(mistake)}");
    }

    /// <summary>The mistake that stopped the parser without a word, behind the last thing it understood.</summary>
    public static Diagnostic AfterEvent(ParsingEvent? last, ProfileSource source) =>
        Make(source, (int)(last?.End.Line ?? 1), (int)(last?.End.Column ?? 1), "Not valid YAML from here on; look at the brackets, braces and quotes");

    private static Diagnostic Make(ProfileSource source, int line, int column, string message) =>
        new(DiagnosticCatalog.ProfileNotYaml, message, new Origin(source, line, column).Location);

    private static string Reason(YamlException mistake)
    {
        var reason = mistake.Message.TrimEnd('.');
        var sentence = char.ToLowerInvariant(reason[0]) + reason[1..];
        return reason.Contains("invalid mapping", StringComparison.Ordinal)
            ? sentence + "; a text that contains ': ' needs quotes"
            : sentence;
    }

    /// <summary>The first tab among the indentation of the lines given.</summary>
    private static (int Line, int Column)? FindTab(string text, int from, int to)
    {
        var lines = text.Split('\n');
        for (var line = from; line <= Math.Min(to, lines.Length); line++)
        {
            var content = lines[line - 1];
            var indentation = content.Length - content.TrimStart(' ', '\t').Length;
            var tab = content.IndexOf('\t', 0, indentation);
            if (tab >= 0)
                return (line, tab + 1);
        }
        return null;
    }
}
