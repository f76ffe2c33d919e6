using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace ModelOptimizer.Tool;

/// <summary>Puts examples before the reference: they answer most questions that bring people to <c>--help</c>.</summary>
internal sealed class HelpWithExamples(HelpAction reference) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public static void Install(RootCommand root, IReadOnlyList<string> examples, int width)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        var reference = (HelpAction)help.Action!;
        reference.MaxWidth = width;
        help.Action = new HelpWithExamples(reference) { RootExamples = examples };
    }

    private IReadOnlyList<string> RootExamples { get; init; } = [];

    public override int Invoke(ParseResult parseResult)
    {
        var examples = parseResult.CommandResult.Command is ToolCommand command ? command.Examples : RootExamples;
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in examples)
            output.WriteLine($"  {CommandLine.Name} {example}");
        output.WriteLine();
        return reference.Invoke(parseResult);
    }
}
