using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tool;

/// <summary>What a command has to work with: where to write, how much to say, and whether it was interrupted.</summary>
internal sealed class CommandContext : IDiagnosticSink
{
    private readonly IDiagnosticSink _printer;
    private readonly HashSet<Diagnostic> _seen = [];
    private readonly List<Diagnostic> _reported = [];
    private DiagnosticDescriptor? _firstError;

    public CommandContext(ParseResult parsed, OutputOptions output, ConsoleStreams streams, CancellationToken cancellation)
    {
        Streams = streams;
        Cancellation = cancellation;
        IsJson = parsed.GetValue(output.Json);
        IsEvents = parsed.GetValue(output.Events);
        IsQuiet = parsed.GetValue(output.Quiet);
        IsVerbose = parsed.GetValue(output.Verbose);
        UseColor = streams.ColorAllowed && !parsed.GetValue(output.NoColor);
        _printer = IsEvents ? new EventWriter(streams.Out) : new DiagnosticPrinter(this);
    }

    public ConsoleStreams Streams { get; }

    public CancellationToken Cancellation { get; }

    public bool IsJson { get; }

    public bool IsEvents { get; }

    public bool IsQuiet { get; }

    public bool IsVerbose { get; }

    public bool UseColor { get; }

    /// <summary>True when the result goes to a person: tables are drawn then.</summary>
    public bool IsText => !IsJson && !IsEvents;

    /// <summary>True when a person watches stderr and wants to see progress.</summary>
    public bool IsWatched => Streams.ErrorIsTerminal && UseColor && !IsQuiet && !IsEvents;

    /// <summary>The first error decides: what follows is often its consequence.</summary>
    public int ExitCode => _firstError is null ? Tool.ExitCode.Ok : Tool.ExitCode.Of(_firstError);

    /// <summary>All that was said, in order.</summary>
    public IReadOnlyList<Diagnostic> Reported => _reported;

    /// <summary>Says each thing once: what the engine reported on its way may come again with the exception that ends it.</summary>
    public void Report(Diagnostic diagnostic)
    {
        if (!_seen.Add(diagnostic))
            return;
        _reported.Add(diagnostic);
        if (diagnostic.Severity == Severity.Error)
            _firstError ??= diagnostic.Descriptor;
        _printer.Report(diagnostic);
    }

    /// <summary>Tells a person what happens, on stderr.</summary>
    public void Say(string message)
    {
        if (!IsQuiet && !IsEvents)
            Streams.Error.WriteLine(message);
    }

    /// <summary>Tells a person who wants to know more, on stderr.</summary>
    public void Detail(string message)
    {
        if (IsVerbose)
            Say(message);
    }

    /// <summary>Tells a person on stderr, and the log of a build, why something takes longer than one expects.</summary>
    /// <param name="model">What it is about.</param>
    public void Notice(string model, string message)
    {
        Say(message);
        WriteEvent(new NoticeEvent("notice", model, message), EventJson.Readable.NoticeEvent);
    }

    /// <summary>Tells a build what came of it, as the last line on stdout.</summary>
    public void WriteEvent<T>(T summary, JsonTypeInfo<T> type)
    {
        if (IsEvents)
            WriteJson(summary, type);
    }

    /// <summary>Writes the result for programs: one object on stdout.</summary>
    public void WriteJson<T>(T result, JsonTypeInfo<T> type) => Streams.Out.WriteLine(JsonSerializer.Serialize(result, type));
}

/// <summary>A line for the log of a build.</summary>
internal sealed record NoticeEvent(string Kind, string Model, string Message);
