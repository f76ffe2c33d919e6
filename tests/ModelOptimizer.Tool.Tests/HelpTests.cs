using System.CommandLine;

namespace ModelOptimizer.Tool.Tests;

/// <summary>The help is part of the product: examples come first and all of them parse.</summary>
internal sealed class HelpTests
{
    private static readonly RootCommand Root = CommandLine.Create(new ConsoleStreams(TextWriter.Null, TextWriter.Null));

    private static IEnumerable<TestCaseData> Commands() =>
        AllCommands(Root).Select(command => new TestCaseData(command).SetArgDisplayNames(command.Name));

    /// <summary>Without the tool's name in front.</summary>
    public static IEnumerable<string> AllExamples => AllCommands(Root).SelectMany(command => command.Examples).Concat(CommandLine.Examples);

    [TestCaseSource(nameof(Commands))]
    public void Every_command_has_examples_and_describes_itself(ToolCommand command)
    {
        Assert.Multiple(() =>
        {
            Assert.That(command.Description, Is.Not.Empty);
            Assert.That(command.Subcommands.Count > 0 || command.Examples.Count > 0, "examples");
            Assert.That(command.Options.Select(option => option.Description), Has.All.Not.Empty);
            Assert.That(command.Arguments.Select(argument => argument.Description), Has.All.Not.Empty);
        });
    }

    [TestCaseSource(nameof(AllExamples))]
    public void Every_example_parses(string example) => Assert.That(Root.Parse(example).Errors, Is.Empty);

    [TestCaseSource(nameof(Commands))]
    public void Help_begins_with_examples(ToolCommand command)
    {
        var run = Cli.Run([.. PathOf(command), "--help"]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero);
            Assert.That(run.Out, Does.StartWith("Examples:\n  dotnet model-opt "));
            Assert.That(run.Error, Is.Empty);
        });
    }

    [Test]
    public void Help_fits_into_80_columns()
    {
        foreach (var command in AllCommands(Root).Append<Command>(Root))
            foreach (var line in Cli.Run([.. PathOf(command), "--help"]).Out.Split('\n').Where(line => !line.Contains("dotnet model-opt")))
                Assert.That(line, Has.Length.LessThanOrEqualTo(80), command.Name);
    }

    private static IEnumerable<string> PathOf(Command command) =>
        command is RootCommand ? [] : command.Parents.OfType<ToolCommand>().SelectMany(PathOf).Append(command.Name);

    private static IEnumerable<ToolCommand> AllCommands(Command parent) =>
        parent.Subcommands.OfType<ToolCommand>().SelectMany(command => AllCommands(command).Prepend(command));
}
