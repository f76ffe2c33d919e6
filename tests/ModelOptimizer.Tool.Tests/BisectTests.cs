using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BisectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public BisectTests() => _model = Models.Classifier(_folder);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Passes_without_loss_change_nothing_and_lossy_ones_are_left_out()
    {
        var run = Cli.Run("optimize", _model, "--preset", "weights-int8", "--bisect");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Contain("outputs compared on 4 samples (generated inputs)")
            .And.Contain("Left out, since outputs change on purpose: quantize-weights")
            .And.Contain("No rewrite changes an output by more than 1e-4 of its largest magnitude; the largest change is 0"));
        Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo(new[] { _model }), "nothing is written");
    }

    [Test]
    public void A_bound_of_one_s_own_finds_where_loss_begins()
    {
        Npz.Write(_folder["data.npz"], ("x", Enumerable.Range(0, 3 * 64).Select(i => i % 7 - 3f).ToArray(), [3, 64]));
        var profile = _folder.Write("p.yaml", "version: 1\npasses:\n  - eliminate-identity\n  - quantize-weights\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "--bisect", "--tolerance", "1e-7", "--data", _folder["data.npz"]);

        Assert.That(run.ExitCode, Is.EqualTo(5));
        Assert.That(run.Out, Does.Contain("3 samples (data.npz)")
            .And.Match(@"Rewrite 2 is the first .*\n  quantize-weights: .* at w1\n")
            .And.Match(@"Output +Before +After\nlogits +0 +0\.00")
            .And.Contain("""'- quantize-weights: { exclude: ["w1"] }'""")
            .And.Contain("--max-rewrites 1")
            .And.Not.Contain("report"), "loss is on purpose");
        Assert.That(run.Error, Does.Contain($"{profile}(4,5): error MO6005: Rewrite 2 of 2 changes outputs beyond 1E-07: quantize-weights:"));
    }

    /// <summary>Static quantization can't even begin without its data: passes learn from the profile's as when it is applied.</summary>
    [Test]
    public void Passes_that_learn_from_data_are_searched_as_well()
    {
        Npz.Write(_folder["data.npz"], ("x", Enumerable.Range(0, 3 * 64).Select(i => i % 7 - 3f).ToArray(), [3, 64]));
        var profile = _folder.Write("p.yaml", "version: 1\ncalibration: { data: data.npz }\npasses: [eliminate-identity, quantize-static: { prefer: size }]\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "--bisect", "--tolerance", "1e-7");

        Assert.That(run.ExitCode, Is.EqualTo(5), run.Error);
        Assert.That(run.Out, Does.Contain("3 samples (data.npz)"), "data for calibration serves, where none judges");
        Assert.That(run.Out, Does.Match(@"Rewrite 2 is the first .*\n  quantize-static: "));
        Assert.That(run.Error, Does.Contain("MO6005").And.Not.Contain("MO4030"));
    }

    /// <summary>A build without the data has the ranges that were measured; the search needs no more.</summary>
    [Test]
    public void Ranges_of_a_file_do_where_there_is_no_data()
    {
        Npz.Write(_folder["data.npz"], ("x", Enumerable.Range(0, 3 * 64).Select(i => i % 7 - 3f).ToArray(), [3, 64]));
        const string Passes = "passes: [eliminate-identity, quantize-static: { prefer: size }]\n";
        _folder.Write("p.yaml", $"version: 1\ncalibration: {{ data: data.npz }}\n{Passes}");
        Assert.That(Cli.Run("optimize", _model, "-p", _folder["p.yaml"], "-o", _folder["out.onnx"]).ExitCode, Is.Zero);
        _folder.Write("r.yaml", $"version: 1\ncalibration: {{ ranges: out.ranges.json }}\n{Passes}");

        var run = Cli.Run("optimize", _model, "-p", _folder["r.yaml"], "--bisect", "--tolerance", "1e-7");

        Assert.That(run.Out, Does.Contain("generated inputs").And.Match(@"Rewrite 2 is the first .*\n  quantize-static: "), run.Error);
    }

    [Test]
    public void Explaining_a_pass_that_learns_from_data_tells_what_it_did()
    {
        Npz.Write(_folder["data.npz"], ("x", Enumerable.Range(0, 3 * 64).Select(i => i % 7 - 3f).ToArray(), [3, 64]));
        var profile = _folder.Write("p.yaml", "version: 1\ncalibration: { data: data.npz }\npasses: [quantize-static: { prefer: size }]\n");

        var run = Cli.Run("optimize", _model, "-p", profile, "--explain", "quantize-static", "-o", _folder["out.onnx"]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Contain("2 × quantize MatMul to uint8 × int8 per channel"));
    }

    [Test]
    public void Json_says_the_same()
    {
        var json = Cli.Run("optimize", _model, "--preset", "weights-int8", "--bisect", "--tolerance", "1e-7", "--json").Json;

        var culprit = json.GetProperty("culprit");
        Assert.That(culprit.GetProperty("pass").GetString(), Is.EqualTo("quantize-weights"));
        Assert.That(culprit.GetProperty("outputs")[0].GetProperty("after").GetDouble(), Is.GreaterThan(1e-7));
        Assert.That(json.GetProperty("rewrites").GetInt32(), Is.GreaterThanOrEqualTo(culprit.GetProperty("number").GetInt32()));
    }

    [TestCase("1e-9", 1e-9)]
    [TestCase("0.000001%", 1e-8)]
    public void A_tolerance_is_a_number_or_a_percentage(string text, double tolerance)
    {
        var json = Cli.Run("optimize", _model, "--preset", "weights-int8", "--bisect", "--tolerance", text, "--json").Json;

        Assert.That(json.GetProperty("tolerance").GetDouble(), Is.EqualTo(tolerance));
    }

    [TestCase("--bisect -o out", "--bisect writes nothing; leave --output out")]
    [TestCase("--bisect --max-rewrites 3", "--bisect writes nothing; leave --max-rewrites out")]
    [TestCase("--tolerance 0.1", "--tolerance belongs to --bisect")]
    [TestCase("--data x.npz", "--data belongs to --bisect")]
    [TestCase("--bisect --tolerance -1", "--tolerance is a ratio from 0 on, such as 1% or 1e-4, not '-1'")]
    [TestCase("--bisect --tolerance little", "--tolerance is a ratio from 0 on")]
    public void Options_that_don_t_go_together_are_told(string options, string reason)
    {
        var run = Cli.Run(["optimize", _model, "--preset", "cpu-int8", .. options.Split(' ')]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(reason));
    }
}
