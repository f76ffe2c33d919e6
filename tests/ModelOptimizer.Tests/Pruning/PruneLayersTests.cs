using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>Residual blocks go as a whole.</summary>
public sealed class PruneLayersTests
{
    [Test]
    public void The_block_that_outputs_miss_least_goes()
    {
        var model = Pruned(new() { Ratio = new(0.34), Recover = false }, out var log);

        Assert.That(log.Rewrites[0].What, Does.StartWith("take the residual block out, without which outputs miss 0.0%"));
        Assert.That(model.Graph.Initializers.Select(weight => weight.Name), Is.EqualTo(["a in", "a out", "c in", "c out"]));
        Assert.That(RecoveryTests.Error(Network(), model), Is.LessThan(1e-3));
    }

    [Test]
    public void Blocks_go_until_as_many_are_gone_as_asked_for()
    {
        var model = Pruned(new() { Ratio = new(0.67), Recover = false }, out _);

        Assert.That(model.Graph.Nodes.Count(node => node.Is("Add")), Is.EqualTo(1));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
    }

    [Test]
    public void What_reads_the_sum_is_fitted_anew() =>
        Assert.That(RecoveryTests.Error(Network(), Pruned(new() { Ratio = new(0.67) }, out _)),
            Is.LessThan(0.9 * RecoveryTests.Error(Network(), Pruned(new() { Ratio = new(0.67), Recover = false }, out _))));

    [Test]
    public void Others_say_why_they_stay()
    {
        Pruned(new() { Ratio = new(0.34) }, out var log);

        Assert.That(log.Refusals.Count(refusal => refusal.Why == "outputs miss its block more than others"), Is.EqualTo(2));
    }

    [Test]
    public void Blocks_are_chosen_by_names_of_their_own_weights()
    {
        Assert.That(Names(new() { Ratio = new(1), Include = ["b *"], Recover = false }), Is.EqualTo(["a in", "a out", "c in", "c out"]));
        Assert.That(Names(new() { Ratio = new(0.67), Exclude = ["a *"], Recover = false }), Does.Contain("a in"));

        static IEnumerable<string> Names(PruneLayersOptions options) => Pruned(options, out _).Graph.Initializers.Select(weight => weight.Name);
    }

    [Test]
    public void Sums_of_other_things_are_no_blocks()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "rows", 8);
        // A bias, and two branches that don't begin with each other.
        var a = g.Op("Add", g.Op("MatMul", x, g.Initializer("a", [8, 8], RecoveryTests.Numbers(64, 1))), g.Initializer("b", [8], RecoveryTests.Numbers(8, 2)));
        g.Output("y", g.Op("Add", a, g.Op("MatMul", x, g.Initializer("c", [8, 8], RecoveryTests.Numbers(64, 3)))));
        var model = g.Build();
        new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()).InferTypes();

        Assert.That(ModelOptimizer.Pruning.ResidualBlock.Find(model), Is.Empty);
    }

    [Test]
    public void Without_data_it_asks_for_some() =>
        Assert.That(() => PassRunner.Run(new PassContext(Network(), new RewriteLog(), PassContexts.Engine, new DiagnosticBag()), new PruneLayers(new())),
            Throws.InstanceOf<DiagnosticException>().With.Message.Contains("calibration"));

    /// <summary>Three blocks, the second of which adds next to nothing.</summary>
    private static OnnxModel Network()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "rows", 8);
        var y = Block("c", Block("b", Block("a", x, 1), 1e-5f), 1);
        g.Output("y", y);
        return g.Build();

        Value Block(string name, Value from, float scale) => g.Op("Add", from, g.Op("MatMul",
            g.Op("Relu", g.Op("MatMul", from, g.Initializer($"{name} in", [8, 12], RecoveryTests.Numbers(96, 1)))),
            g.Initializer($"{name} out", [12, 8], [.. RecoveryTests.Numbers(96, 2).Select(weight => scale * weight)])));
    }

    private static OnnxModel Pruned(PruneLayersOptions options, out RewriteLog log)
    {
        var model = Network();
        using var data = new SampleCalibration(model, RecoveryTests.Input(model, 256, 3));
        log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, PassContexts.Engine, new DiagnosticBag()) { Calibration = data.Data }, new PruneLayers(options));
        return model;
    }
}
