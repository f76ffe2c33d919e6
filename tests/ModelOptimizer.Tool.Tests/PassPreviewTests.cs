using ModelOptimizer.Passes;

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
    public void Nobody_is_bothered_with_passes_unless_asked_to() =>
        Assert.That(Cli.Run("inspect", _model, "--json").Json.TryGetProperty("passes", out _), Is.False);
}
