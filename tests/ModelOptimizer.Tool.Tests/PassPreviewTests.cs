using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary><c>inspect --passes</c>.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PassPreviewTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;

    public PassPreviewTests() => _model = Models.Classifier(_folder);

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Tells_what_each_pass_would_do_and_does_nothing()
    {
        var before = File.ReadAllBytes(_model);

        var run = Cli.Run("inspect", _model, "--passes");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Match(@"\nsimplify +\d").And.Match(@"\n  eliminate-identity +1 +-1\n").And.Not.Contain("freeze-inputs").And.Contain("--all lists them"));
        Assert.That(File.ReadAllBytes(_model), Is.EqualTo(before));
    }

    [Test]
    public void Every_pass_without_loss_is_there_that_needs_no_options()
    {
        var json = Cli.Run("inspect", _model, "--passes", "--json").Json;

        var passes = json.GetProperty("passes").EnumerateArray().ToLookup(pass => pass.GetProperty("pass").GetString());
        var expected = PassRegistry.All.Where(pass => PassRegistry.Create(pass.Name).Effect != NumericEffect.Lossy).Select(pass => pass.Name);
        Assert.That(expected.Except(passes.Select(pass => pass.Key!)), Is.SubsetOf(new[] { "upgrade-opset", "fix-dimensions" }));
        Assert.That(passes["eliminate-identity"].First().GetProperty("nodes").GetInt32(), Is.EqualTo(-1));
        Assert.That(passes["eliminate-identity"].First().GetProperty("group").GetString(), Is.EqualTo("simplify"));
    }

    [Test]
    public void A_profile_s_own_passes_are_tried_as_it_says_and_on_its_data()
    {
        Npz.Write(_folder["data.npz"], ("x", Enumerable.Range(0, 3 * 64).Select(i => i % 7 - 3f).ToArray(), [3, 64]));
        var profile = _folder.Write("p.yaml", """
            version: 1
            calibration: { data: data.npz }
            passes: [simplify, quantize-static: { exclude: [w2], prefer: size }, quantize-weights: { bits: 4 }]
            """);

        var json = Cli.Run("inspect", _model, "--passes", "-p", profile, "--json").Json;

        var passes = json.GetProperty("passes").EnumerateArray().ToLookup(pass => pass.GetProperty("pass").GetString());
        var quantized = passes["quantize-static"].Single();
        Assert.That((quantized.GetProperty("rewrites").GetInt32(), quantized.GetProperty("leftAlone").GetInt32()), Is.EqualTo((1, 1)));
        Assert.That(quantized.TryGetProperty("problem", out _), Is.False);
        Assert.That(passes["quantize-weights"].Single().GetProperty("bytes").GetInt64(), Is.Negative);
        Assert.That(passes["simplify"].Count(), Is.EqualTo(1), "it is there already");
        Assert.That(passes["smooth-quant"].Single().TryGetProperty("problem", out _), Is.False, "passes on demand learn from the data as well");
    }

    [Test]
    public void Without_data_the_pass_says_what_it_lacks_and_others_go_on()
    {
        var profile = _folder.Write("p.yaml", "version: 1\npasses: [quantize-static: { prefer: size }, quantize-weights]\n");

        var run = Cli.Run("inspect", _model, "--passes", "-p", profile);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Match("quantize-static .*calibration:").And.Match(@"\nquantize-weights +\d"));
    }

    [Test]
    public void A_profile_without_passes_to_show_is_a_mistake()
    {
        var run = Cli.Run("inspect", _model, "-p", "p.yaml");

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, run.Error)));
        Assert.That(run.Error, Does.Contain("--profile belongs to --passes"));
    }

    [Test]
    public void Nobody_is_bothered_with_passes_unless_asked_to() =>
        Assert.That(Cli.Run("inspect", _model, "--json").Json.TryGetProperty("passes", out _), Is.False);
}
