using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>What stands between two convolutions and only moves numbers must move codes in the runtime: it is told by equal scales on both sides.</summary>
public sealed class MovementTests
{
    private static readonly Dictionary<string, Func<GraphBuilder, Value, Value>> Movements = new()
    {
        ["MaxPool"] = (g, x) => g.Op("MaxPool", [x], ("kernel_shape", new long[] { 2, 2 })),
        ["Transpose"] = (g, x) => g.Op("Transpose", [x], ("perm", new long[] { 0, 1, 3, 2 })),
        ["Slice"] = (g, x) => g.Op("Slice", x, g.Int64s("starts", 1), g.Int64s("ends", 5), g.Int64s("axes", 2)),
        ["Reshape"] = (g, x) => g.Op("Reshape", x, g.Int64s("shape", 1, Channels, 4, 9)),
        ["Squeeze"] = (g, x) => g.Op("Unsqueeze", g.Op("Squeeze", x, g.Int64s("axes", 0)), g.Int64s("axes2", 0)),
        ["Gather"] = (g, x) => g.Op("Gather", [x, g.Int64s("rows", 4, 0, 2)], ("axis", 2)),
        ["Expand"] = (g, x) => g.Op("Expand", x, g.Int64s("shape", 2, Channels, 6, 6)),
        ["Tile"] = (g, x) => g.Op("Tile", x, g.Int64s("repeats", 1, 1, 2, 1)),
        ["Resize"] = (g, x) => g.Op("Resize", [x, null, g.Initializer("scales", [4], 1, 1, 2, 2)], ("mode", "nearest")),
    };

    private static IEnumerable<string> Names => Movements.Keys;

    [TestCaseSource(nameof(Names))]
    public void Codes_move(string name)
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, Movements[name](g, Conv(g, g.Input("x", Picture), "a")), "b"));

        var test = Quantize(g.Build());

        Assert.That(AtRunTime(test.Model).Count(op => op is "QuantizeLinear" or "DequantizeLinear"), Is.EqualTo(2), "only at the model's ends");
    }

    [TestCase("linear")]
    [TestCase("cubic")]
    public void A_Resize_that_makes_new_numbers_stays_float_and_says_so(string mode)
    {
        var g = new GraphBuilder();
        var resized = g.Op("Resize", [Conv(g, g.Input("x", Picture), "a"), null, g.Initializer("scales", [4], 1, 1, 2, 2)], ("mode", mode));
        g.Output("y", Conv(g, resized, "b"));

        var test = Quantize(g.Build());

        var node = test.Model.Graph.Nodes.Single(node => node.Is("Resize"));
        Assert.That(test.Log.Refusals.Single(refusal => refusal.Where.StartsWith("Resize", StringComparison.Ordinal)).Why,
            Does.Contain($"mode '{mode}' makes new numbers").And.Contain("stays float"));
        Assert.That(test.Log.Nodes, Has.Count.EqualTo(2), "the convolutions around it are quantized all the same");
        var operators = AtRunTime(test.Model).ToList();
        Assert.That(operators[operators.IndexOf("Resize") - 1], Is.EqualTo("DequantizeLinear"), "it reads floats");
        Assert.That(node.Output().Uses.Select(use => use.User.OpType), Is.All.EqualTo("QuantizeLinear"), "the next one makes codes of its own");
    }

    [Test]
    public void Parts_of_codes_are_codes()
    {
        var g = new GraphBuilder();
        var parts = g.Node("Split", [Conv(g, g.Input("x", Picture), "a"), g.Int64s("lengths", 2, 4)], outputs: 2, ("axis", 2));
        g.Output("y", Conv(g, parts.Output(0), "b"));
        g.Output("z", Conv(g, parts.Output(1), "c"));

        var operators = AtRunTime(Quantize(g.Build()).Model);

        Assert.That(operators.Count(op => op is "QuantizeLinear" or "DequantizeLinear"), Is.EqualTo(3), string.Join(' ', operators));
    }

    [Test]
    public void A_movement_that_floats_are_read_from_stays_where_nothing_is_lost()
    {
        var g = new GraphBuilder();
        var moved = g.Op("Transpose", [g.Op("Abs", g.Input("x", Picture))], ("perm", new long[] { 0, 1, 3, 2 }));
        g.Output("y", Conv(g, moved));
        g.Output("z", g.Op("Neg", moved));

        var test = Quantize(g.Build());

        var neg = test.Model.Graph.Nodes.Single(node => node.Is("Neg"));
        Assert.That(neg.Input(0)!.Producer!.OpType, Is.EqualTo("Transpose"), "it was no product of codes before");
    }

    [Test]
    public void A_Relu_stays_where_zero_is_the_middle()
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Op("Relu", Conv(g, g.Input("x", Picture), "a")), "b"));

        var test = Quantize(g.Build(), new() { Activations = ActivationType.Int8 });

        Assert.That(test.Operators, Has.Some.EqualTo("Relu"));
    }

    [TestCase(1f, 6f, true)]
    [TestCase(-6f, -1f, true)]
    [TestCase(-1f, 1f, false)]
    [TestCase(0f, 6f, false)]
    public void A_Clip_stays_where_it_cuts_zero_off(float low, float high, bool stays)
    {
        var g = new GraphBuilder();
        var clip = g.Op("Clip", Conv(g, g.Input("x", Picture), "a"), g.Constant(Tensor.Create([], low)), g.Constant(Tensor.Create([], high)));
        g.Output("y", Conv(g, clip, "b"));

        Assert.That(Quantize(g.Build(), tolerance: new(0.06)).Operators.Contains("Clip"), Is.EqualTo(stays));
    }

    [Test]
    public void What_a_HardSwish_makes_zero_gets_no_codes()
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Op("HardSwish", Conv(g, g.Op("Mul", g.Input("x", Picture), g.Constant(Tensor.Create([], 4f))), "a")), "b"));

        var test = Quantize(g.Build());

        Assert.That(test.Log.Values.Select(value => value.Low), Has.Some.EqualTo(-3f));
    }

    [TestCase(6, -3)]
    [TestCase(2, -3)]
    public void Neither_does_what_a_hard_swish_makes_zero_that_is_spelled_out(float high, float visible)
    {
        var g = new GraphBuilder();
        var x = Conv(g, g.Op("Mul", g.Input("x", Picture), g.Constant(Tensor.Create([], 4f))), "a");
        g.Output("y", Conv(g, g.Op("Mul", x, Gate(g, x, low: 0, high)), "b"));

        Assert.That(Lows(g), Has.Some.EqualTo(visible));
    }

    [Test]
    public void A_gate_that_is_never_zero_hides_nothing()
    {
        var g = new GraphBuilder();
        var x = Conv(g, g.Op("Mul", g.Input("x", Picture), g.Constant(Tensor.Create([], 4f))), "a");
        g.Output("y", Conv(g, g.Op("Mul", x, Gate(g, x, low: 0.5f, high: 6)), "b"));

        Assert.That(Lows(g).Min(), Is.LessThan(-3));
    }

    [Test]
    public void A_gate_of_another_value_hides_nothing()
    {
        var g = new GraphBuilder();
        var (x, other) = (Conv(g, g.Op("Mul", g.Input("x", Picture), g.Constant(Tensor.Create([], 4f))), "a"), g.Input("z", Picture));
        g.Output("y", Conv(g, g.Op("Mul", x, Gate(g, Conv(g, other, "c"), low: 0, high: 6)), "b"));

        Assert.That(Lows(g).Min(), Is.LessThan(-3));
    }

    [Test]
    public void Other_readers_see_all_of_a_value()
    {
        var g = new GraphBuilder();
        var x = Conv(g, g.Op("Mul", g.Input("x", Picture), g.Constant(Tensor.Create([], 4f))), "a");
        g.Output("y", Conv(g, g.Op("Mul", x, Gate(g, x, low: 0, high: 6)), "b"));
        g.Output("z", g.Op("Abs", x));

        Assert.That(Lows(g).Min(), Is.LessThan(-3));
    }

    private static Value Gate(GraphBuilder g, Value x, float low, float high) => g.Op("Mul",
        g.Op("Clip", g.Op("Add", x, g.Constant(Tensor.Create([], 3f))), g.Constant(Tensor.Create([], low)), g.Constant(Tensor.Create([], high))),
        g.Constant(Tensor.Create([], 1f / 6)));

    private static List<float> Lows(GraphBuilder g) => Quantize(g.Build()).Log.Values.Select(value => value.Low).ToList();
}
