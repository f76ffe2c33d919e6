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
        var build = Log(Warning, new WarningPolicy(all, noWarn, asErrors, notAsErrors));
        return build.Errors.Count > 0 ? "error" : build.Warnings.Count > 0 ? "warning" : "silent";
    }

    /// <summary>A full disk, a damaged cache, a server that is down.</summary>
    [TestCase(true, "", ExpectedResult = "warning")]
    [TestCase(true, "MO7011", ExpectedResult = "error")]
    public string What_befell_the_run_fails_a_build_only_by_its_code(bool all, string asErrors)
    {
        var build = Log(Warning.Replace("MO5001", "MO7011", StringComparison.Ordinal), new WarningPolicy(all, "", asErrors, ""));
        return build.Errors.Count > 0 ? "error" : build.Warnings.Count > 0 ? "warning" : "silent";
    }

    [TestCase("MO5001", 1)]
    [TestCase("MO7010", 0)]
    public void What_befell_the_run_is_no_warning_of_the_model(string code, int kept)
    {
        var run = Run(new FakeBuild());
        run.Take(Warning.Replace("MO5001", code, StringComparison.Ordinal));
        Assert.That(run.Warnings, Has.Count.EqualTo(kept));
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
        var build = Log("Segmentation fault", exitCode: 139);
        var error = build.Errors.Single();
        Assert.That(error.Code, Is.EqualTo("MO9001"));
        Assert.That(error.Message, Does.Contain("Segmentation fault"));
    }

    [Test]
    public void A_value_that_the_tool_refuses_is_told_at_the_project()
    {
        var error = Log("model-opt : error : --threads wants a whole number, not 'many'", exitCode: 2).Errors.Single();
        Assert.That((error.Code, error.File), Is.EqualTo(("MO8005", "App.csproj")));
        Assert.That(error.Message, Does.EndWith("--threads wants a whole number, not 'many'"));
    }

    [Test]
    public void An_exit_code_is_not_told_when_an_error_was() => Assert.That(Log(Error, exitCode: 139).Errors.Select(e => e.Code), Is.EqualTo(new[] { "MO6001" }));

    [Test]
    public void A_link_to_the_documentation_leads_to_the_page_that_the_package_has()
    {
        var page = Path.Combine(Directory.CreateTempSubdirectory("docs #").FullName, "diagnostics.md");
        const string Linked = """{"kind":"diagnostic","severity":"error","code":"MO6001","message":"","helpLink":"diagnostics.md#mo6001-size"}""";
        Assert.That(Log(Linked, docs: page).Errors.Single().HelpLink, Is.Null);
        File.WriteAllText(page, "");
        var link = new Uri(Log(Linked, docs: page).Errors.Single().HelpLink);
        Assert.That((link.LocalPath, link.Fragment), Is.EqualTo((page, "#mo6001-size")));
        Directory.Delete(Path.GetDirectoryName(page)!, recursive: true);
    }

    private static FakeBuild Log(string line, WarningPolicy? policy = null, int? exitCode = null, string docs = "")
    {
        var build = new FakeBuild();
        var run = Run(build, policy, docs);
        run.Take(line);
        if (exitCode is { } code)
            run.Explain(code);
        return build;
    }

    private static ToolRun Run(FakeBuild build, WarningPolicy? policy = null, string docs = "") =>
        new(new ToolSettings("", "App.csproj", "", docs, policy ?? new WarningPolicy(false, "", "", "")), new ToolArguments(), "model-opt.yaml") { BuildEngine = build };
}
