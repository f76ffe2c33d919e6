using System.Text.Json;

namespace ModelOptimizer.Tool.Tests;

/// <summary><c>report</c>, and what <c>optimize</c> leaves for CI systems.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public ReportTests() => _model = Models.Classifier(_folder);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_stored_report_becomes_the_page_that_the_run_wrote()
    {
        Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"]);

        var run = Cli.Run("report", _folder["out/model.report.json"], "-o", _folder["again.html"]);

        Assert.That((run.ExitCode, run.Out), Is.EqualTo((0, _folder["again.html"] + "\n")), run.Error);
        Assert.That(File.ReadAllBytes(_folder["again.html"]), Is.EqualTo(File.ReadAllBytes(_folder["out/model.report.html"])));
    }

    [TestCase("-o", "x.md", "### ")]
    [TestCase("-o", "x.sarif", "{\n  \"$schema\"")]
    [TestCase("-o", "x.HTML", "<!DOCTYPE html>")]
    [TestCase("--format", "html", "<!DOCTYPE html>")]
    [TestCase("--format", "markdown", "### ")]
    public void The_extension_or_the_option_tells_the_format(string option, string value, string start)
    {
        Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"]);
        var target = option == "-o" ? _folder[value] : value;

        var run = Cli.Run("report", _folder["out/model.report.json"], option, target);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(option == "-o" ? File.ReadAllText(target) : run.Out, Does.StartWith(start));
    }

    [Test]
    public void Programs_get_the_text_or_the_file_in_json()
    {
        Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out"]);
        var report = _folder["out/model.report.json"];

        var (text, file) = (Cli.Run("report", report, "--json").Json, Cli.Run("report", report, "--json", "-o", _folder["x.md"]).Json);

        Assert.That((text.GetProperty("format").GetString(), text.GetProperty("text").GetString()![..4]), Is.EqualTo(("markdown", "### ")));
        Assert.That((file.GetProperty("file").GetString(), file.TryGetProperty("text", out _)), Is.EqualTo((_folder["x.md"], false)));
    }

    [TestCase("x.txt", null, "end it in .html, .md or .sarif")]
    [TestCase("x.md", "htm", "There is no format 'htm'; did you mean 'html'?")]
    public void A_format_that_there_is_not_is_told(string output, string? format, string message)
    {
        string[] more = format is null ? [] : ["--format", format];

        var run = Cli.Run(["report", "any.report.json", "-o", output, .. more]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain(message));
    }

    [Test]
    public void A_file_that_is_no_report_is_told()
    {
        var run = Cli.Run("report", _folder.Write("x.json", "[]"));

        Assert.That((run.ExitCode, run.Error.Contains("MO7020", StringComparison.Ordinal)), Is.EqualTo((ExitCode.Files, true)));
    }

    [Test]
    public void Runs_append_to_a_summary_and_each_writes_its_log()
    {
        foreach (var name in new[] { "a", "b" })
            Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder[$"{name}.onnx"], "--summary", _folder["ci/summary.md"], "--sarif",
                _folder[$"ci/{name}.sarif"]);

        Assert.That(File.ReadAllLines(_folder["ci/summary.md"]).Where(line => line.StartsWith("### ", StringComparison.Ordinal))
            .Select(line => line.Split(':')[0]),
            Is.EqualTo(new[] { "### ✅ `a.onnx`", "### ✅ `b.onnx`" }));
        Assert.That(Levels("ci/a.sarif"), Is.EqualTo(new[] { ("MO5001", "warning") }));
    }

    [Test]
    public void A_broken_budget_stands_in_both_with_its_line_relative_to_the_root()
    {
        Directory.CreateDirectory(_folder["app"]);
        var profile = _folder.Write("app/p.yaml", "version: 1\npasses: [quantize-weights]\nbudget:\n  size: 1 KiB\n");

        Cli.Run("optimize", _model, "-p", profile, "-o", _folder["out"], "--summary", _folder["s.md"], "--sarif", _folder["s.sarif"],
            "--source-root", _folder["."]);

        Assert.That(File.ReadAllText(_folder["s.md"]), Does.StartWith("### ❌ `model.onnx`").And.Contains("❌ broken")
            .And.Contains("**MO6001** `p.yaml:4`"));
        var place = Results("s.sarif").Single(result => result.GetProperty("ruleId").GetString() == "MO6001")
            .GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.That(place.GetProperty("artifactLocation").GetProperty("uri").GetString(), Is.EqualTo("app/p.yaml"));
        Assert.That(place.GetProperty("region").GetProperty("startLine").GetInt32(), Is.EqualTo(4));
    }

    [Test]
    public void What_ends_a_run_before_there_is_a_report_stands_in_both_too()
    {
        var profile = _folder.Write("p.yaml", "version: 1\npases: [simplify]\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "--summary", _folder["s.md"], "--sarif", _folder["s.sarif"]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Profile));
        Assert.That(run.Error.Split("MO1004"), Has.Length.EqualTo(2), "told once");
        Assert.That(File.ReadAllText(_folder["s.md"]), Does.StartWith("### ❌ `model.onnx`: not optimized").And.Contains("**MO1004** `p.yaml:2`"));
        Assert.That(Levels("s.sarif"), Does.Contain(("MO1004", "error")));
    }

    [TestCase("--summary")]
    [TestCase("--sarif")]
    public void A_log_that_cannot_be_written_is_a_warning_and_the_result_stays(string option)
    {
        var folder = Directory.CreateDirectory(_folder["folder"]).FullName;

        var run = Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["out.onnx"], option, folder);

        Assert.That((run.ExitCode, File.Exists(_folder["out.onnx"])), Is.EqualTo((0, true)), run.Error);
        Assert.That(run.Error, Does.Contain("warning MO7021").And.Not.Contain("error"));
        Assert.That(run.Error.Split("MO7021"), Has.Length.EqualTo(2), "told once");
    }

    [Test]
    public void A_log_that_cannot_be_written_hides_no_error()
    {
        var profile = _folder.Write("p.yaml", "version: 1\npases: [simplify]\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "--sarif", _folder["."]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCode.Profile));
        Assert.That(run.Error, Does.Contain("MO1004").And.Contain("warning MO7021"));
    }

    [TestCase("[simplify]", "model-opt/model.onnx/")]
    [TestCase("[simplfy]", "model-opt/p.yaml/")]
    public void Runs_whose_profile_names_the_model_are_told_apart(string passes, string id)
    {
        var profile = _folder.Write("p.yaml", $"version: 1\nmodel: model.onnx\npasses: {passes}\n");

        Cli.Run("optimize", "-p", profile, "-o", _folder["out"], "--sarif", _folder["s.sarif"]);

        Assert.That(Run("s.sarif").GetProperty("automationDetails").GetProperty("id").GetString(), Is.EqualTo(id));
    }

    [Test]
    public void A_plan_that_fails_leaves_a_log_which_one_without_findings_replaces()
    {
        var request = _folder.Write("App.request.json",
            JsonSerializer.Serialize(new
            {
                projectDirectory = _folder["."], projectFile = _folder["App.csproj"], rootNamespace = "App", profiles = new[] { "p.yaml" },
                models = Array.Empty<object>(), variables = new Dictionary<string, string>(),
            }));
        string[] plan = ["plan", request, "-o", _folder["plan.json"], "--sarif", _folder["s.sarif"], "--source-root", _folder["."]];

        _folder.Write("p.yaml", "version: 1\nmodel: model.onnx\npases: [simplify]\n");
        Assert.That(Cli.Run(plan).ExitCode, Is.EqualTo(ExitCode.Profile));
        Assert.That(Levels("s.sarif"), Does.Contain(("MO1004", "error")));
        Assert.That(Run("s.sarif").GetProperty("automationDetails").GetProperty("id").GetString(), Is.EqualTo("model-opt/App.csproj/"));

        _folder.Write("p.yaml", "version: 1\nmodel: model.onnx\npasses: [simplify]\n");
        Assert.That(Cli.Run(plan).ExitCode, Is.Zero);
        Assert.That(Levels("s.sarif"), Is.Empty);
    }

    [Test]
    public void A_root_without_a_log_is_a_mistake() =>
        Assert.That(Cli.Run("optimize", _model, "--preset", "weights-int8", "--source-root", "x").Error,
            Does.Contain("--source-root belongs to --sarif"));

    private IEnumerable<(string?, string?)> Levels(string file) =>
        Results(file).Select(result => (result.GetProperty("ruleId").GetString(), result.GetProperty("level").GetString()));

    private JsonElement.ArrayEnumerator Results(string file) =>
        Run(file).GetProperty("results").EnumerateArray();

    private JsonElement Run(string file) => JsonDocument.Parse(File.ReadAllText(_folder[file])).RootElement.GetProperty("runs")[0];
}
