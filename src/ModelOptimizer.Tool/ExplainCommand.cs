using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary><c>explain CODE|PASS</c>: what a message means, what a pass does, which presets there are.</summary>
internal static class ExplainCommand
{
    private const string AllPasses = "passes";
    private const string AllPresets = "presets";

    public static ToolCommand Create()
    {
        var subject = new Argument<string>("SUBJECT")
        {
            Description = $"A diagnostic's code, the name of a pass or preset, or '{AllPasses}' or '{AllPresets}' for a list",
        };
        return new ToolCommand("explain", "Tell what a diagnostic means, or what a pass or preset does",
            "explain MO2005",
            "explain quantize-weights",
            "explain presets")
        {
            subject,
        }.Does((parsed, context) => Run(parsed.GetValue(subject)!, context));
    }

    private static void Run(string subject, CommandContext context)
    {
        var explanation = Explain(subject);
        if (context.IsJson)
            context.WriteJson(explanation, ToolJson.Readable.Explanation);
        else
            context.Streams.Out.WriteLine($"{explanation.Subject}: {explanation.Title}\n\n{explanation.Text}".TrimEnd());
    }

    private static Explanation Explain(string subject)
    {
        if (DiagnosticDocs.Section(subject) is { } section)
            return new(1, section.Code, section.Title, section.Markdown);
        if (PassRegistry.Find(subject) is { } pass)
            return new(1, pass.Name, PassHelp.Summary(pass), PassHelp.Options(pass));
        if (BuiltInPresets.Text(subject) is { } preset)
            return new(1, subject, $"a preset, used as '--preset {subject}' or 'extends: preset:{subject}'", preset);
        return subject switch
        {
            AllPasses => new(1, AllPasses, "everything that 'passes:' may name", Lines(PassRegistry.All.Select(p => (p.Name, PassHelp.Summary(p))))),
            AllPresets => new(1, AllPresets, "profiles that come with the tool", Lines(BuiltInPresets.Names.Select(name => (name, FirstComment(name))))),
            _ => throw new UsageException($"There is nothing to explain about '{subject}'{Suggestion.Clause(subject, Subjects)}"),
        };
    }

    private static IEnumerable<string> Subjects =>
        [.. DiagnosticDocs.Sections.Keys, .. PassRegistry.All.Select(pass => pass.Name), .. BuiltInPresets.Names, AllPasses, AllPresets];

    private static string Lines(IEnumerable<(string Name, string What)> rows) =>
        string.Join("\n", rows.Select(row => $"{row.Name}\n    {row.What}"));

    /// <summary>Presets begin with a comment that says what they are for.</summary>
    private static string FirstComment(string preset) => BuiltInPresets.Text(preset)!.Split('\n')[0].TrimStart('#', ' ').TrimEnd();
}

/// <summary>The JSON of <c>explain</c>.</summary>
internal sealed record Explanation(int SchemaVersion, string Subject, string Title, string Text);
