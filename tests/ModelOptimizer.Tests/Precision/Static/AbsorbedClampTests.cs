using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Rounding does the work of a Relu or Clip only where no number that shares its scale lies beyond its bounds.</summary>
public sealed class AbsorbedClampTests
{
    private static readonly Dictionary<string, Func<GraphBuilder, Value, Value>> Movements = new()
    {
        ["MaxPool"] = (g, x) => g.Op("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 })),
        ["Transpose"] = (g, x) => g.Op("Transpose", [x], ("perm", new long[] { 0, 1, 3, 2 })),
        ["Slice"] = (g, x) => g.Op("Slice", x, g.Int64s("starts", 1), g.Int64s("ends", 5), g.Int64s("axes", 2)),
        ["Reshape"] = (g, x) => g.Op("Reshape", x, g.Int64s("shape", 1, Channels, 4, 9)),
    };

    private static IEnumerable<string> Names => Movements.Keys;

    [Test]
    public void A_Relu_stays_beside_a_part_that_needs_its_negatives()
    {
        var g = new GraphBuilder();
        var parts = Split(g, Conv(g, g.Input("x", Picture), "a"));
        g.Output("y", Conv(g, g.Op("Relu", parts.Output(0)), "b"));
        g.Output("z", Conv(g, parts.Output(1), "c"));

        Assert.That(Quantize(g.Build()).Operators, Has.Some.EqualTo("Relu"));
    }

    [TestCaseSource(nameof(Names))]
    public void A_Relu_stays_behind_a_value_whose_negatives_others_need(string movement)
    {
        var g = new GraphBuilder();
        var shared = Conv(g, g.Input("x", Picture), "a");
        g.Output("y", Conv(g, g.Op("Relu", Movements[movement](g, shared)), "b"));
        g.Output("z", Conv(g, shared, "c"));

        Assert.That(Quantize(g.Build()).Operators, Has.Some.EqualTo("Relu"));
    }

    [Test]
    public void Of_parts_with_different_bounds_the_narrower_ones_stay()
    {
        var g = new GraphBuilder();
        var parts = Split(g, Conv(g, g.Input("x", Picture), "a"));
        var clip = g.Op("Clip", parts.Output(0), g.Constant(Tensor.Create([], 0f)), g.Constant(Tensor.Create([], 0.5f)));
        g.Output("y", Conv(g, clip, "b"));
        g.Output("z", Conv(g, g.Op("Relu", parts.Output(1)), "c"));

        var test = Quantize(g.Build());

        Assert.That(test.Operators, Has.Some.EqualTo("Clip"));
    }

    [Test]
    public void Parts_that_are_all_cut_off_alike_need_no_Relu()
    {
        var g = new GraphBuilder();
        var parts = Split(g, Conv(g, g.Input("x", Picture), "a"));
        g.Output("y", Conv(g, g.Op("Relu", parts.Output(0)), "b"));
        g.Output("z", Conv(g, g.Op("Relu", parts.Output(1)), "c"));

        Assert.That(Quantize(g.Build()).Operators, Has.None.EqualTo("Relu"));
    }

    [TestCaseSource(nameof(Names))]
    public void A_Relu_goes_behind_a_value_that_nothing_else_reads(string movement)
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Op("Relu", Movements[movement](g, Conv(g, g.Input("x", Picture), "a"))), "b"));

        Assert.That(Quantize(g.Build()).Operators, Has.None.EqualTo("Relu"));
    }

    [Test]
    public void A_clamp_or_movement_between_two_precisions_takes_that_of_its_reader(
        [Values("", "MaxPool", "Reshape")] string movement, [Values] bool movesFirst, [Values] bool hasRelu)
    {
        var g = new GraphBuilder();
        var x = Conv(g, g.Input("x", Picture), "a");
        x.Producer!.Name = "/stem/conv";
        Value Move(Value value) => movement.Length > 0 ? Movements[movement](g, value) : value;
        Value Relu(Value value) => hasRelu ? g.Op("Relu", value) : value;
        var y = Conv(g, movesFirst ? Relu(Move(x)) : Move(Relu(x)), "b");
        y.Producer!.Name = "/head/conv";
        g.Output("y", y);

        var test = Quantize(g.Build(), new() { Overrides = [new() { Nodes = ["/head/*"], Activations = ActivationType.UInt16 }] });

        Assert.That(test.Log.Nodes.Select(node => node.Form),
            Is.EqualTo(new[] { "uint8 × int8 per channel, results uint8", "uint16 × int8 per channel, results uint16" }));
    }

    /// <summary>Codes of a range without extent have the step 1, and would let numbers up to 255 through.</summary>
    [TestCase(0f)]
    [TestCase(1e-39f)]
    public void What_a_Clip_makes_zero_stays_zero(float high)
    {
        var g = new GraphBuilder();
        var clip = g.Op("Clip", Conv(g, g.Input("x", Picture), "a"), g.Constant(Tensor.Create([], 0f)), g.Constant(Tensor.Create([], high)));
        g.Output("y", Conv(g, clip, "b"));

        // The bias of the second layer is all that is left.
        Quantize(g.Build(), tolerance: new(0.01));
    }

    /// <summary>A Clip below which nothing came through on calibration data still bounds what does later.</summary>
    [Test]
    public void A_Clip_that_no_data_passes_keeps_its_bound()
    {
        var g = new GraphBuilder();
        var sums = g.Op("Conv", g.Input("x", DataType.Float, 2, 2, 1, 1), g.Weight("w", Tensor.Create([1, 2, 1, 1], 1f, 1)));
        var clip = g.Op("Clip", sums, g.Constant(Tensor.Create([], 0f)), g.Constant(Tensor.Create([], 2f)));
        g.Output("y", g.Op("Conv", clip, g.Weight("v", Tensor.Create([1, 1, 1, 1], 1f))));
        var model = g.Build();
        using var calibration = new SampleCalibration(model, new Dictionary<string, Tensor> { ["x"] = Tensor.Create([2, 2, 1, 1], 5f, -5, -5, 0) });
        PassRunner.Run(new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = calibration.Data },
            new QuantizeStatic(new() { Prefer = Preference.Size }));

        using var session = PassContexts.Engine.Open(model, new SessionSettings());
        var result = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([2, 2, 1, 1], 5f, 0, -5, 5) })[0]!;

        Assert.That(result.AsSpan<float>().ToArray(), Is.All.InRange(0, 2));
    }

    private static Node Split(GraphBuilder g, Value value) => g.Node("Split", [value, g.Int64s("lengths", 3, 3)], outputs: 2, ("axis", 2));
}
