namespace ModelOptimizer.Tasks.Tests;

/// <summary>What the tool finds is logged as if it were said by the build.</summary>
public sealed class EventTests
{
    private const string Error = """{"kind":"diagnostic","severity":"error","code":"MO6001","message":"5 {0} MiB","file":"a.yaml","line":12,"column":3,"helpLink":"https://x/"}""";
    private const string Warning = """{"kind":"diagnostic","severity":"warning","code":"MO5001","message":"not measured"}""";

    [Test]
    public void A_diagnostic_keeps_code_place_and_help()
    {
        var error = Log(Error).Errors.Single();
        Assert.That((error.Code, error.HelpKeyword, error.HelpLink), Is.EqualTo(("MO6001", "MO6001", "https://x/")));
        Assert.That((error.File, error.LineNumber, error.ColumnNumber), Is.EqualTo(("a.yaml", 12, 3)));
        Assert.That(error.Message, Is.EqualTo("5 {0} MiB"));
    }

    [Test]
    public void Without_a_place_the_profile_is_named() => Assert.That(Log(Warning).Warnings.Single().File, Is.EqualTo("model-opt.yaml"));

    [TestCase(false, "", "", "", ExpectedResult = "warning")]
    [TestCase(false, "CS1;mo5001", "", "", ExpectedResult = "silent")]
    [TestCase(true, "", "", "", ExpectedResult = "error")]
    [TestCase(true, "MO5001", "", "", ExpectedResult = "silent")]
    [TestCase(true, "", "", "MO5001", ExpectedResult = "warning")]
    [TestCase(false, "", "CS1,MO5001", "", ExpectedResult = "error")]
    public string The_project_decides_what_a_warning_is(bool all, string noWarn, string asErrors, string notAsErrors)
    {
        var build = Log(Warning, new Lines { WarningsAreErrors = all, NoWarn = noWarn, CodesAsErrors = asErrors, CodesNotAsErrors = notAsErrors });
        return build.Errors.Count > 0 ? "error" : build.Warnings.Count > 0 ? "warning" : "silent";
    }

    [TestCase("libonnxruntime: something")]
    [TestCase("{ not json")]
    [TestCase("[1]")]
    public void What_is_no_event_is_only_a_message(string line)
    {
        var build = Log(line);
        Assert.That(build.Errors, Is.Empty);
        Assert.That(build.Messages, Does.Contain(line));
    }

    [Test]
    public void A_tool_that_dies_without_a_word_is_one_error_with_what_it_printed()
    {
        var build = Log("Segmentation fault", new Lines(), died: true);
        var error = build.Errors.Single();
        Assert.That(error.Code, Is.EqualTo("MO9001"));
        Assert.That(error.Message, Does.Contain("Segmentation fault"));
    }

    [Test]
    public void An_exit_code_is_not_told_when_an_error_was() => Assert.That(Log(Error, new Lines(), died: true).Errors.Select(e => e.Code), Is.EqualTo(new[] { "MO6001" }));

    private static FakeBuild Log(string line, Lines? task = null, bool died = false)
    {
        var build = new FakeBuild();
        task ??= new Lines();
        task.BuildEngine = build;
        task.DefaultFile = "model-opt.yaml";
        task.Take(line);
        if (died)
            task.Die();
        return build;
    }

    private sealed class Lines : ModelOptTask
    {
        internal override ToolArguments Arguments() => new();

        public void Take(string line) => LogEventsFromTextOutput(line, Microsoft.Build.Framework.MessageImportance.Normal);

        public void Die() => HandleTaskExecutionErrors();
    }
}
