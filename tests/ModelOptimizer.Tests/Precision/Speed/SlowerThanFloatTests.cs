using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Speed;

/// <summary>What <c>-- integers</c> of the benchmarks measured on either side of the line, and how layers are weighed together.</summary>
public sealed class SlowerThanFloatTests
{
    [TestCase(1, 16, 1, 7)]
    [TestCase(1, 8, 1, 56)]
    [TestCase(3, 4, 1, 28)]
    [TestCase(3, 64, 64, 28)]
    [TestCase(5, 128, 128, 14)]
    public void Small_and_depthwise_convolutions_stay_float(long kernel, long channels, long groups, long size) =>
        Assert.That(Run(Convolutions(2, kernel, channels, groups, size), new()).Nodes, Is.Empty);

    [TestCase(1, 256, 1, 14)]
    [TestCase(3, 32, 1, 28)]
    [TestCase(3, 64, 1, 14)]
    public void Others_are_quantized(long kernel, long channels, long groups, long size) =>
        Assert.That(Run(Convolutions(2, kernel, channels, groups, size), new()).Nodes, Has.Count.EqualTo(2));

    [Test]
    public void Between_integers_a_depthwise_convolution_costs_less_than_leaving_them()
    {
        var g = new GraphBuilder();
        var x = Conv(g, "a", g.Input("x", DataType.Float, 1, 128, 28, 28), 1, 128, 1);
        g.Output("y", Conv(g, "c", Conv(g, "b", x, 3, 128, 128), 1, 128, 1));

        Assert.That(Run(g.Build(), new()).Nodes, Has.Count.EqualTo(3));
    }

    [Test]
    public void Pictures_of_any_size_count_as_large_ones()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", new TensorType(DataType.Float, new Shape(["n", 32, "h", "w"])));
        g.Output("y", g.Op("GlobalMaxPool", Conv(g, "b", Conv(g, "a", x, 3, 32, 1), 3, 32, 1)));

        Assert.That(Run(g.Build(), new()).Nodes, Has.Count.EqualTo(2));
    }

    [Test]
    public void Layers_of_unknown_shapes_are_not_said_to_be_slower()
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, "b", Conv(g, "a", g.Input("x", new TensorType(DataType.Float, null)), 3, 256, 1), 3, 256, 1));

        var picture = Tensor.Create([1, 256, 4, 4], [.. Enumerable.Range(0, 256 * 16).Select(i => i % 17 - 8f)]);
        var diagnostics = new DiagnosticBag();
        Assert.That(Run(g.Build(), new() { TargetIsa = [TargetIsa.Vnni] }, diagnostics, new() { ["x"] = picture }).Nodes, Has.Count.EqualTo(2));
        var told = diagnostics.Diagnostics.Single();
        Assert.That((told.Code, told.Severity), Is.EqualTo(("MO4043", Severity.Info)));
        Assert.That(told.Message, Does.Contain("2 of 2 products").And.Contain("whose shapes are not known"));
    }

    [Test]
    public void The_reason_and_the_way_out_are_told()
    {
        var diagnostics = new DiagnosticBag();
        var log = Run(Convolutions(2, 3, 4, 1, 7), new(), diagnostics);

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Exactly(2).Items.And.All.StartsWith("slower than float: ")
            .And.All.EndsWith("'prefer: size' quantizes it all the same"));
        var told = diagnostics.Diagnostics.Single();
        Assert.That((told.Code, told.Severity), Is.EqualTo(("MO4042", Severity.Warning)));
        Assert.That(told.Message, Does.StartWith("No product was quantized: all 2 stay float").And.EndsWith("'quantize-static: { prefer: size }'"));
    }

    [Test]
    public void A_shared_weight_is_counted_once()
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", DataType.Float, 1, 4, 7, 7), g.Weight("w", Tensor.Create([4, 4, 3, 3], new float[144])));
        g.Output("y", g.Op("Conv", g.Op("Conv", x, w), w));
        var diagnostics = new DiagnosticBag();

        Run(g.Build(), new(), diagnostics);

        Assert.That(diagnostics.Diagnostics.Single().Message, Does.Contain("all 2 stay float").And.Contain("; 432 B of weights"));
    }

    [Test]
    public void Who_prefers_size_gets_it()
    {
        var diagnostics = new DiagnosticBag();
        var log = Run(Convolutions(2, 3, 4, 1, 7), new() { Prefer = Preference.Size, TargetIsa = [TargetIsa.Vnni] }, diagnostics);

        Assert.That(log.Nodes, Has.Count.EqualTo(2));
        Assert.That(diagnostics.Diagnostics, Is.Empty);
    }

    [Test]
    public void Trials_that_leave_layers_out_do_not_make_others_slower_than_float()
    {
        var model = Convolutions(6, 1, 64, 1, 28);
        var all = Run(model.Clone(), new()).Nodes.Count;
        var log = Run(model, new() { Filter = new OnlyTheThird() });

        Assert.That(all, Is.EqualTo(6));
        Assert.That(log.Nodes, Has.Count.EqualTo(1));
        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Exactly(5).EqualTo("left out"));
    }

    [Test]
    public void A_weight_counts_for_all_that_read_it()
    {
        var g = new GraphBuilder();
        var weight = g.Weight("w", Tensor.Create([64, 64, 3, 3], Weights.Random(64 * 64 * 9)));
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 1, 64, 28, 28), weight));
        g.Output("z", g.Op("Conv", g.Input("small", DataType.Float, 1, 64, 3, 3), weight));

        Assert.That(Run(g.Build(), new()).Nodes, Has.Count.EqualTo(2));
    }

    [Test]
    public void Codes_that_are_there_already_cost_nothing_more()
    {
        var model = Convolutions(6, 1, 64, 1, 28);
        var first = Run(model, new() { Include = ["conv0", "conv1", "conv2", "conv3"] }).Nodes.Count;
        var second = Run(model, new() { Include = ["conv4"] }).Nodes.Count;

        Assert.That((first, second), Is.EqualTo((4, 1)));
    }

    [Test]
    public void Int8_activations_are_said_not_to_be_judged([Values] bool prefersSize)
    {
        var diagnostics = new DiagnosticBag();
        var prefer = prefersSize ? Preference.Size : Preference.Speed;
        var log = Run(Convolutions(2, 3, 4, 1, 7), new() { TargetIsa = [TargetIsa.Arm64], Prefer = prefer }, diagnostics);

        Assert.That(log.Nodes, Has.Count.EqualTo(2));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), prefersSize ? Is.Empty : Is.EqualTo(new[] { "MO4043" }));
        if (!prefersSize)
            Assert.That(diagnostics.Diagnostics[0].Message,
                Does.Contain("for 2 of 2 products").And.Contain("int8 activations").And.Contain("--profile-ops"));
    }

    private static OnnxModel Convolutions(int count, long kernel, long channels, long groups, long size)
    {
        var g = new GraphBuilder();
        var input = g.Input("x", DataType.Float, 1, channels, size, size);
        g.Output("y", Enumerable.Range(0, count).Aggregate(input, (x, i) => Conv(g, $"conv{i}", x, kernel, channels, groups)));
        return g.Build();
    }

    private static Value Conv(GraphBuilder g, string name, Value x, long kernel, long channels, long groups)
    {
        var count = (int)(channels * channels / groups * kernel * kernel);
        var weight = g.Weight(name, Tensor.Create([channels, channels / groups, kernel, kernel], Weights.Random(count)));
        return g.Op("Relu", g.Op("Conv", [x, weight], ("pads", (long[])[.. Enumerable.Repeat(kernel / 2, 4)]), ("group", groups)));
    }

    private static RewriteLog Run(
        OnnxModel model, QuantizeStaticOptions options, DiagnosticBag? diagnostics = null, Dictionary<string, Tensor>? inputs = null)
    {
        var log = new RewriteLog();
        using var calibration = new SampleCalibration(model, inputs);
        var context = new PassContext(model, log, PassContexts.Engine, diagnostics ?? new()) { Calibration = calibration.Data };
        PassRunner.Run(context, new QuantizeStatic(options with { Refine = false }));
        return log;
    }

    private sealed class OnlyTheThird : ISelectionFilter
    {
        public string? Refusal(Node node, Value? weight) => weight?.Name == "conv2" ? null : "left out";
    }
}
