using System.CommandLine;
using System.CommandLine.Invocation;

namespace ModelOptimizer.Tool;

/// <summary><c>dotnet model-opt</c>: which commands there are, and what happens to what the user typed.</summary>
internal static class CommandLine
{
    public const string Name = "dotnet model-opt";

    public static IReadOnlyList<string> Examples { get; } =
    [
        "init model.onnx",
        "optimize model.onnx -p model-opt.yaml",
        "optimize model.onnx --preset cpu-int8 -o small/",
        "compare model.onnx small/model.onnx --data validation.npz",
        "bench model.onnx small/model.onnx",
        "inspect model.onnx",
    ];

    public static RootCommand Create(ConsoleStreams streams)
    {
        var output = new OutputOptions();
        var root = new RootCommand("Makes ONNX models smaller and faster, and measures what they keep.") { HelpName = Name };
        foreach (var command in Commands())
            root.Subcommands.Add(command.Bind(output, streams));
        output.AddTo(root);
        HelpWithExamples.Install(root, Examples, streams.Width);
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction(streams);
        return root;
    }

    /// <summary>Runs one command line to its exit code; never throws for what a user can do.</summary>
    public static Task<int> RunAsync(IReadOnlyList<string> args, ConsoleStreams streams)
    {
        var parsed = Create(streams).Parse(args);
        if (parsed.Action is ParseErrorAction)
            return Task.FromResult(UsageErrors.Report(parsed, streams.Error));
        return parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = streams.Out,
            Error = streams.Error,
            EnableDefaultExceptionHandler = false,
        });
    }

    /// <summary>In the order of the help.</summary>
    private static IEnumerable<ToolCommand> Commands() =>
    [
        OptimizeCommand.Create(),
        InspectCommand.Create(),
        CompareCommand.Create(),
        DiagnoseCommand.Create(),
        ReportCommand.Create(),
        EvaluateCommand.Create(),
        BenchCommand.Create(),
        InitCommand.Create(),
        SchemaCommand.Create(),
        ProfileCommand.Create(),
        ExplainCommand.Create(),
        CacheCommand.Create(),
        PlanCommand.Create(),
        EmbedCommand.Create(),
        MeasureMemoryCommand.Create(),
    ];

    private sealed class VersionAction(ConsoleStreams streams) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            streams.Out.WriteLine(ToolVersion.Text);
            return ExitCode.Ok;
        }
    }
}
