using System.CommandLine;

namespace ModelOptimizer.Tool;

/// <summary>Says what is wrong with a command line, what was probably meant, and where the help is.</summary>
internal static class UsageErrors
{
    public static int Report(ParseResult parsed, TextWriter error) =>
        Report([.. parsed.Errors.Select(e => e.Message)], parsed, error);

    public static int Report(IReadOnlyList<string> messages, ParseResult parsed, TextWriter error)
    {
        foreach (var message in messages)
            error.WriteLine($"model-opt : error : {message}");
        error.WriteLine($"Try '{CommandPath(parsed)} --help'.");
        return ExitCode.Usage;
    }

    private static string CommandPath(ParseResult parsed)
    {
        var names = new List<string>();
        for (var result = parsed.CommandResult; result?.Command is not (null or RootCommand); result = result.Parent as System.CommandLine.Parsing.CommandResult)
            names.Insert(0, result.Command.Name);
        return string.Join(' ', [CommandLine.Name, .. names]);
    }
}
