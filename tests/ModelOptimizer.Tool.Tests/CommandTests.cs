using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary>The commands that tell rather than make.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public CommandTests() => _model = Models.Classifier(_folder);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Inspect_tells_what_a_model_is_made_of() =>
        Golden.Verify(Cli.Run("inspect", _model).Out.Replace(_model, "model.onnx", StringComparison.Ordinal));

    [Test]
    public void Compare_takes_its_data_from_a_profile()
    {
        Npz.Write(_folder["data.npz"], ("x", Enumerable.Range(0, 3 * 64).Select(i => i % 7 - 3f).ToArray(), [3, 64]));
        var (profile, empty) = (_folder.Write("p.yaml", "version: 1\nevaluate: { data: data.npz, metrics: [sqnr] }\n"), _folder.Write("e.yaml", "version: 1\n"));

        var run = Cli.Run("compare", _model, _model, "-p", profile);
        var mistake = Cli.Run("compare", _model, _model, "-p", empty);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Contain("sqnr").And.Not.Contain("cosine"));
        Assert.That(mistake.ExitCode, Is.EqualTo(6));
        Assert.That(mistake.Error, Does.Contain("e.yaml").And.Contain("MO5030: The profile names no data to compare on"));
    }

    [Test]
    public void Inspect_tells_programs_the_same() =>
        Golden.Verify(Cli.Run("inspect", _model, "--json").Out.Replace(_model, "model.onnx", StringComparison.Ordinal));

    [Test]
    public void Compare_shows_what_differs()
    {
        Cli.Run("optimize", _model, "--preset", "weights-int8", "-o", _folder["small.onnx"]);

        var run = Cli.Run("compare", _model, _folder["small.onnx"], "--json");

        var operators = run.Json.GetProperty("operators").EnumerateArray().ToDictionary(op => op.GetProperty("operator").GetString()!);
        Assert.Multiple(() =>
        {
            Assert.That(operators["Identity"].GetProperty("original").GetInt32(), Is.EqualTo(1));
            Assert.That(operators["Identity"].GetProperty("result").GetInt32(), Is.Zero);
            Assert.That(operators, Does.ContainKey("DequantizeLinear"));
            Assert.That(operators, Does.Not.ContainKey("MatMul"), "as many as before");
            Assert.That(run.Json.GetProperty("signature").GetArrayLength(), Is.Zero);
        });
    }

    [Test]
    public void A_first_profile_works_at_once()
    {
        var profile = _folder["model-opt.yaml"];

        Assert.That(Cli.Run("init", _model, "-o", profile).Out, Is.EqualTo(profile + "\n"));
        var run = Cli.Run("optimize", "-p", profile, "-o", _folder["out"]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Contain("convert-float16"));
        Assert.That(run.Error, Does.Not.Contain("compressed nothing"));
    }

    [Test]
    public void Init_brings_the_schema_that_the_first_line_of_the_profile_names()
    {
        Assert.That(Cli.Run("init", _model, "-o", _folder["a.yaml"], "--no-schema").ExitCode, Is.Zero);
        Assert.That(File.Exists(_folder["model-opt.schema.json"]), Is.False);

        Assert.That(Cli.Run("init", _model, "-o", _folder["model-opt.yaml"]).ExitCode, Is.Zero);
        var named = File.ReadLines(_folder["model-opt.yaml"]).First().Split("$schema=")[1];
        Assert.That(File.ReadAllText(_folder[named]), Is.EqualTo(Cli.Run("schema").Out));
    }

    [Test]
    public void Init_replaces_a_profile_only_by_force()
    {
        var profile = _folder.Write("model-opt.yaml", "version: 1\n");

        Assert.That(Cli.Run("init", _model, "-o", profile).ExitCode, Is.EqualTo(2));
        Assert.That(File.ReadAllText(profile), Is.EqualTo("version: 1\n"));
        Assert.That(Cli.Run("init", _model, "-o", profile, "--force").ExitCode, Is.Zero);
    }

    [Test]
    public void Profile_show_resolves_what_it_extends()
    {
        var profile = _folder.Write("p.yaml", "version: 1\nextends: preset:weights-int8\n");

        var run = Cli.Run("profile", "show", profile, "--resolved");

        Assert.That(run.Out, Does.Contain("quantize-weights").And.Contain("# preset:weights-int8").And.Not.Contain("extends"));
    }

    [Test]
    public void Profile_show_lists_values_for_programs()
    {
        var profile = _folder.Write("p.yaml", "version: 1\npasses: [simplify, eliminate-identity]\n");

        var paths = Cli.Run("profile", "show", profile, "--json").Json.GetProperty("values").EnumerateArray()
            .Select(value => value.GetProperty("path").GetString());

        Assert.That(paths, Is.SupersetOf(["version", "passes[0].simplify.max-growth", "passes[1]"]));
    }

    [Test]
    public void A_missing_profile_is_exit_code_3() =>
        Assert.That(Cli.Run("profile", "show", _folder["nope.yaml"]).ExitCode, Is.EqualTo(3));

    [Test]
    public void Schema_writes_json() =>
        Assert.That(Cli.Run("schema").Json.GetProperty("$schema").GetString(), Does.Contain("draft-07"));

    [TestCase("MO2005", "git-lfs")]
    [TestCase("mo2005", "git-lfs")]
    [TestCase("quantize-weights", "block-size")]
    [TestCase("fuse", "format: standard | contrib (default standard)")]
    [TestCase("upgrade-opset", "version: 1 to 26\n")]
    [TestCase("ort-optimize", "The short form is 'ort-optimize: extended'.")]
    [TestCase("cpu-int8", "quantize-dynamic")]
    [TestCase("presets", "weights-int4")]
    [TestCase("passes", "fold-constants")]
    public void Explain_tells(string subject, string content) => Assert.That(Cli.Run("explain", subject).Out, Does.Contain(content));

    [Test]
    public void Explain_guesses_what_was_meant()
    {
        var run = Cli.Run("explain", "quantise-weights");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("did you mean 'quantize-weights'?"));
    }

    [Test]
    public void Every_pass_says_what_it_does_and_its_options() => Assert.Multiple(() =>
    {
        foreach (var pass in Passes.PassRegistry.All)
            Assert.That(PassHelp.Summary(pass), Is.Not.Empty, pass.Name);
    });
}
