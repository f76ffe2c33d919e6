using System.CommandLine;

namespace ModelOptimizer.Tool;

/// <summary>A command with its examples and what it does.</summary>
/// <param name="name">The word the user types.</param>
/// <param name="description">What it does, for the list of commands.</param>
/// <param name="examples">Command lines to begin with, without the tool's name.</param>
internal sealed class ToolCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    private Action<ParseResult, CommandContext>? _run;

    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>Says what the command does. Errors it reports decide the exit code.</summary>
    public ToolCommand Does(Action<ParseResult, CommandContext> run)
    {
        _run = run;
        return this;
    }

    /// <summary>Leaves it out of the help: it is no use to people.</summary>
    public ToolCommand Hide()
    {
        Hidden = true;
        return this;
    }

    /// <summary>Connects the command, and those below it, to the console.</summary>
    public ToolCommand Bind(OutputOptions output, ConsoleStreams streams)
    {
        foreach (var inner in Subcommands.OfType<ToolCommand>())
            inner.Bind(output, streams);
        output.CheckIn(this);
        // On another thread, so that an interrupt ends the process though work in native code can't be stopped.
        if (_run is { } run)
            SetAction((parsed, cancellation) =>
                Task.Run(() => CommandRunner.Run(run, parsed, new CommandContext(parsed, output, streams, cancellation)), CancellationToken.None));
        return this;
    }
}
