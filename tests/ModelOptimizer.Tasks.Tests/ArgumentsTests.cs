using ModelOptimizer.Tool;

namespace ModelOptimizer.Tasks.Tests;

/// <summary>What the tasks spell, the tool's own parser must read.</summary>
public sealed class ArgumentsTests
{
    private const string Awkward = "/my models/ä@1/#x;y's.onnx";

    private static IEnumerable<TestCaseData> Tasks =>
    [
        new TestCaseData(new PlanModels { Plan = Awkward + ".plan.json" }).SetArgDisplayNames("plan"),
        new TestCaseData(new OptimizeModel { Model = Awkward, Profile = Awkward, Output = Awkward, Variables = ["Config=a b", "X=1"] }).SetArgDisplayNames("optimize"),
        new TestCaseData(new EmbedModel { Plan = Awkward, Model = "my model", Output = Awkward, WithAccessor = true, WithNullable = true, WithOnnxRuntime = true })
            .SetArgDisplayNames("embed"),
    ];

    [TestCaseSource(nameof(Tasks))]
    public void The_tool_understands_what_a_task_writes(ModelOptTask task)
    {
        var parsed = Parse(task.Arguments().Flag("--events", true).ToString());
        Assert.That(parsed.Errors, Is.Empty);
        Assert.That(parsed.Tokens.Select(token => token.Value), Is.SupersetOf(new[] { "--events" }));
        Assert.That(parsed.Tokens.Any(token => token.Value.StartsWith(Awkward, StringComparison.Ordinal)), Is.True);
    }

    [TestCase("plain")]
    [TestCase("two words")]
    [TestCase("#not a comment")]
    [TestCase("")]
    [TestCase(@"C:\folder\")]
    [TestCase(@"C:\a folder\")]
    [TestCase("it's")]
    [TestCase("tab\there")]
    public void An_argument_comes_back_as_it_was(string argument) =>
        Assert.That(Parse(new ToolArguments("inspect", argument).ToString()).Tokens.Select(token => token.Value), Is.EqualTo(new[] { "inspect", argument }));

    [TestCase("a\"b")]
    [TestCase("a\nb")]
    public void What_the_format_cannot_hold_is_refused(string argument) =>
        Assert.That(new ToolArguments(argument).ToString, Throws.ArgumentException);

    private static System.CommandLine.ParseResult Parse(string responseFile)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, responseFile);
            return CommandLine.Create(new ConsoleStreams(TextWriter.Null, TextWriter.Null)).Parse([$"@{file}"]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
