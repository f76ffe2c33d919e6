using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Pruning;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>How much of each group goes when only the whole is given.</summary>
public sealed class RatesTests
{
    [Test]
    public void What_is_left_is_what_is_counted()
    {
        var pruned = new PrunedModel(Network());
        var removed = pruned.EveryThird;
        var (parameters, flops) = (PruningCost.OfParameters(pruned.Model, pruned.Classes).Of(removed), PruningCost.OfFlops(pruned.Model, pruned.Classes).Of(removed));
        pruned.Remove(removed);

        Assert.That(Parameters(pruned.Model), Is.EqualTo(parameters).Within(1e-6));
        Assert.That(new FlopCount(pruned.Model).Total, Is.EqualTo(flops).Within(1e-6));
    }

    [TestCase(0.9)]
    [TestCase(0.6)]
    public void Operations_are_no_more_than_asked_for(double share)
    {
        var model = Pruned(new() { Flops = new(share), MultipleOf = 1 });
        var left = Flops(model) / Flops(Network());

        Assert.That(left, Is.LessThanOrEqualTo(share).And.GreaterThan(share - 0.3));
    }

    [Test]
    public void The_file_is_no_larger_than_asked_for()
    {
        var bytes = ModelWriter.ToBytes(Network()).Length;

        Assert.That(ModelWriter.ToBytes(Pruned(new() { Budget = new(bytes * 3 / 4), MultipleOf = 1 })), Has.Length.LessThanOrEqualTo(bytes * 3 / 4));
    }

    [Test]
    public void What_outputs_miss_least_goes_first()
    {
        // The first branch is a thousandth of the second.
        var model = Pruned(new() { Scope = PruningScope.Global, Ratio = new(0.3), MultipleOf = 1, Recover = false }, Branches());

        Assert.That(Shape(model, "small"), Is.EqualTo([8, 9]));
        Assert.That(Shape(model, "large"), Is.EqualTo([8, 24]));
    }

    [Test]
    public void Units_go_by_what_outputs_miss()
    {
        var g = new GraphBuilder();
        // Nothing reads the last three, which are the largest.
        var into = RecoveryTests.Numbers(8 * 12, 1).Select((weight, i) => i % 12 >= 9 ? 10 * weight : weight).ToArray();
        var from = RecoveryTests.Numbers(12 * 5, 2).Select((weight, i) => i / 5 >= 9 ? 0 : weight).ToArray();
        var hidden = g.Op("Relu", g.Op("MatMul", g.Input("x", DataType.Float, "rows", 8), g.Initializer("a", [8, 12], into)));
        g.Output("y", g.Op("MatMul", hidden, g.Initializer("b", [12, 5], from)));
        var model = g.Build();
        var pruned = Pruned(new() { Ratio = new(0.25), Importance = PruningImportance.Loss, MultipleOf = 1, Recover = false }, model);

        Assert.That(RecoveryTests.Error(model, pruned), Is.Zero.Within(1e-6));
        Assert.That(Shape(pruned, "a"), Is.EqualTo([8, 9]));
    }

    [Test]
    public void What_is_out_of_reach_is_told() =>
        Assert.That(() => Pruned(new() { Flops = new(0.1) }), Throws.InstanceOf<DiagnosticException>().With.Message.Contains("three quarters of each group"));

    [TestCase(1.0)]
    public void Nothing_goes_where_nothing_has_to(double share) =>
        Assert.That(Flops(Pruned(new() { Flops = new(share), MultipleOf = 1 })), Is.EqualTo(Flops(Network())));

    [Test]
    public void Outputs_of_whole_numbers_tell_nothing()
    {
        var model = Network();
        var scores = model.Graph.Outputs[0].Value;
        scores.ReplaceAllUsesWith(model.Graph.Insert(null, "ArgMax", [scores]).Output());
        model.Graph.Outputs[0].Value.Producer!.SetInput(0, scores);

        Assert.That(() => Pruned(new() { Flops = new(0.7) }, model), Throws.InstanceOf<DiagnosticException>().With.Message.Contains("whole numbers"));
    }

    [Test]
    public void A_target_needs_data() =>
        Assert.That(() => PassRunner.Run(new PassContext(Network(), new RewriteLog(), PassContexts.Engine, new DiagnosticBag()), new PruneChannels(new() { Flops = new(0.7) })),
            Throws.InstanceOf<DiagnosticException>().With.Message.Contains("calibration"));

    [Test]
    public void Two_targets_exclude_each_other() =>
        Assert.That(() => Pruned(new() { Flops = new(0.7), Budget = new(1000) }), Throws.InstanceOf<DiagnosticException>().With.Message.Contains("keep one of them"));

    /// <summary>Convolutions, a depthwise one among them, then a product.</summary>
    private static OnnxModel Network()
    {
        var g = new GraphBuilder();
        // The batch size is read off as a number by itself, which has no axes.
        var x = g.Input("x", DataType.Float, 2, 3, 8, 8);
        var rows = g.Op("Cast", [g.Op("Squeeze", [g.Op("Shape", [x], ("end", 1L))])], ("to", (long)DataType.Float));
        var a = g.Op("Relu", g.Op("Conv", [g.Op("Div", g.Op("Mul", rows, x), rows), Weight(24, 3, 3, 3), Weight(24)], ("pads", new long[] { 1, 1, 1, 1 })));
        var b = g.Op("Relu", g.Op("Conv", [a, Weight(24, 1, 3, 3)], ("group", 24L)));
        var c = g.Op("GlobalAveragePool", g.Op("Conv", b, Weight(36, 24, 1, 1)));
        g.Output("y", g.Op("Gemm", g.Op("Flatten", c), Weight(36, 10), Weight(10)));
        return g.Build();

        Value Weight(params int[] lengths) => g.Initializer("w", [.. lengths.Select(length => (long)length)],
            RecoveryTests.Numbers(lengths.Aggregate((one, other) => one * other), lengths.Length));
    }

    private static OnnxModel Branches()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "rows", 8);
        g.Output("y", g.Op("Add", Branch("small", 0.001f), Branch("large", 1)));
        return g.Build();

        Value Branch(string name, float scale) => g.Op("MatMul", g.Op("Relu", g.Op("MatMul", x, g.Initializer(name, [8, 24], RecoveryTests.Numbers(8 * 24, 1)))),
            g.Initializer($"from {name}", [24, 8], [.. RecoveryTests.Numbers(24 * 8, 2).Select(weight => scale * weight)]));
    }

    private static OnnxModel Pruned(PruneOptions options, OnnxModel? model = null)
    {
        model ??= Network();
        using var data = new SampleCalibration(model, RecoveryTests.Input(model, 64, 3));
        PassRunner.Run(new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = data.Data }, new PruneChannels(options));
        return model;
    }

    private static double Parameters(OnnxModel model) => model.Graph.Initializers.Sum(weight => weight.Initializer!.ElementCount);

    private static double Flops(OnnxModel model)
    {
        new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()).InferTypes();
        return new FlopCount(model).Total;
    }

    private static long[] Shape(OnnxModel model, string name) => [.. model.Graph.Initializers.Single(weight => weight.Name == name).Initializer!.Dimensions];
}
