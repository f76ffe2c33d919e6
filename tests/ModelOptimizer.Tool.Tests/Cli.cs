using System.Text.Json;

namespace ModelOptimizer.Tool.Tests;

/// <summary>Runs the command line in this process and keeps what it says.</summary>
internal sealed record Cli(int ExitCode, string Out, string Error)
{
    public static Cli Run(params IReadOnlyList<string> args) => Run(args, width: null);

    /// <summary>As on a terminal of that many columns.</summary>
    public static Cli RunOnTerminal(int width, params IReadOnlyList<string> args) => Run(args, width);

    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>The JSON lines of <c>--events</c>.</summary>
    public IReadOnlyList<JsonElement> Events =>
        [.. Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private static Cli Run(IReadOnlyList<string> args, int? width)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var streams = new ConsoleStreams(output, error)
        {
            OutIsTerminal = width is not null,
            Width = width ?? ConsoleStreams.DefaultWidth,
        };
        var exitCode = CommandLine.RunAsync(args, streams).GetAwaiter().GetResult();
        return new Cli(exitCode, output.ToString(), error.ToString());
    }
}
