using System.CommandLine;
using System.CommandLine.Parsing;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tool;

/// <summary>Says what is wrong with a command line, what was probably meant, and where the help is.</summary>
internal static class UsageErrors
{
    public static int Report(ParseResult parsed, TextWriter error) => Report([.. Messages(parsed)], parsed, error);

    public static int Report(IReadOnlyList<string> messages, ParseResult parsed, TextWriter error)
    {
        foreach (var message in messages)
            error.WriteLine($"model-opt : error : {message}");
        error.WriteLine($"Try '{PathOf(parsed.CommandResult)} --help'.");
        return ExitCode.Usage;
    }

    private static IEnumerable<string> Messages(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0)
            return [$"Which command? There are {string.Join(", ", command.Subcommands.Where(inner => !inner.Hidden).Select(inner => inner.Name))}"];
        // One wrong word makes everything after it look wrong too.
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [var word, ..])
            return [Unknown(word, command, parsed)];
        var unknown = parsed.UnmatchedTokens.Select(token => Unknown(token, command, parsed));
        var others = parsed.Errors.Select(e => e.Message).Where(message => !message.StartsWith("Unrecognized", StringComparison.Ordinal));
        return unknown.Concat(others);
    }

    private static string Unknown(string word, Command command, ParseResult parsed)
    {
        if (word.StartsWith('-'))
            return $"There is no option '{word}'{Suggestion.Clause(word, OptionsOf(parsed.CommandResult))}";
        return command.Subcommands.Count > 0
            ? $"There is no command '{word}'{Suggestion.Clause(word, command.Subcommands.Select(inner => inner.Name))}"
            : $"'{word}' is one argument too many";
    }

    private static IEnumerable<string> OptionsOf(CommandResult command) =>
        Chain(command).SelectMany(result => result.Command.Options).Where(option => !option.Hidden).Select(option => option.Name);

    private static string PathOf(CommandResult command) =>
        string.Join(' ', Chain(command).Select(result => result.Command is RootCommand ? CommandLine.Name : result.Command.Name).Reverse());

    /// <summary>The command and those above it.</summary>
    private static IEnumerable<CommandResult> Chain(CommandResult command)
    {
        for (var result = command; result is not null; result = result.Parent as CommandResult)
            yield return result;
    }
}
