using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Faults seen in another quantizer, each by the situation that showed it.</summary>
public sealed class PeerFaultTests
{
    [TestCase(Testing.WeightForm.Initializer)]
    [TestCase(Testing.WeightForm.ConstantNode)]
    public void Weights_in_Constant_nodes_become_codes_and_leave_no_floats(Testing.WeightForm form)
    {
        var g = new GraphBuilder(opset: 11) { Weights = form };
        g.Output("y", g.Op("Relu", Conv(g, Conv(g, g.Input("x", Picture), "a"), "b")));

        var test = Quantize(g.Build());

        Assert.That(Floats(test), Has.None.GreaterThan(Channels), "only scales are floats");
    }

    [TestCase(9)]
    [TestCase(11)]
    [TestCase(12)]
    public void Scales_for_each_channel_below_opset_13_make_a_valid_model(int opset)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", Conv(g, g.Input("x", Picture)));

        var test = Quantize(g.Build());

        Assert.That(test.Model.Opset, Is.EqualTo(13));
        Assert.That(test.Model.Graph.Nodes.Where(node => node.Attributes.Has("axis")), Is.Not.Empty);
    }

    [TestCase(1, 12)]
    [TestCase(3, 12)]
    [TestCase(1, 1)]
    public void A_bias_of_rank_2_is_quantized_like_any_other(int rows, int columns)
    {
        var g = new GraphBuilder();
        var bias = Tensor.Create([rows, columns], Weights.Random(rows * columns));
        g.Output("y", g.Op("Gemm", g.Input("x", Rows), g.Weight("w", Matrix(16, 12)), g.Weight("c", bias)));

        var test = Quantize(g.Build());

        Assert.That(AtRunTime(test.Model), Is.EqualTo(new[] { "QuantizeLinear", "QGemm" }));
    }

    [TestCase(ActivationType.UInt8)]
    [TestCase(ActivationType.UInt16)]
    public void A_mask_of_the_lowest_float_leaves_attention_alone(ActivationType activations)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 4, 16);
        var mask = g.Initializer("mask", [1, 4, 4], [.. Enumerable.Range(0, 16).Select(i => i % 4 > i / 4 ? float.MinValue : 0)]);
        var scores = g.Op("MatMul", x, g.Op("Transpose", [g.Op("MatMul", x, g.Weight("k", Matrix(16, 16)))], ("perm", new long[] { 0, 2, 1 })));
        g.Output("y", g.Op("MatMul", g.Op("Softmax", g.Op("Add", g.Op("Mul", scores, g.Constant(Tensor.Create([], 0.1f))), mask)), x));

        var test = Quantize(g.Build(), new() { Operators = ["MatMul", "Add", "Mul"], Activations = activations });

        Assert.That(test.Log.Refusals.Count(refusal => refusal.Why.Contains("enters a Softmax", StringComparison.Ordinal)), Is.EqualTo(2), "Mul and Add");
        Assert.That(test.Log.Values.Select(value => value.Low), Is.All.GreaterThan(-1000f));
        Assert.That(test.Log.Nodes, Has.Count.EqualTo(3));
    }

    [Test]
    public void Weights_inside_an_If_become_codes_there()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Picture);
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [Conv(then, x, "a")], otherwise => [Conv(otherwise, otherwise.Op("Abs", x), "b")]).Output());

        var test = Quantize(g.Build());

        Assert.That(test.Log.Nodes, Has.Count.EqualTo(2));
        Assert.That(Floats(test), Has.None.GreaterThan(Channels));
    }

    [Test]
    public void Nothing_but_products_is_quantized_unless_asked_for()
    {
        var g = new GraphBuilder();
        var conv = Conv(g, g.Input("x", Picture));
        g.Output("y", Conv(g, g.Op("Add", g.Op("Sigmoid", conv), conv), "b"));

        var test = Quantize(g.Build());

        Assert.That(test.Log.Nodes.Select(node => node.Operator), Is.All.EqualTo("Conv"));
        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.Exactly(2).Contains("saves no time"));
    }

    [Test]
    public void A_weight_that_something_else_reads_is_not_stored_twice()
    {
        var g = new GraphBuilder();
        var w = g.Weight("w", Matrix(16, 12));
        g.Output("y", g.Op("MatMul", g.Input("x", Rows), w));
        g.Output("z", g.Op("Abs", w));

        Quantize(g.Build()).Refuses("also read by Abs");
    }

    [Test]
    public void A_weight_that_several_products_share_is_stored_once()
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", Rows), g.Weight("w", Matrix(16, 16)));
        g.Output("y", g.Op("MatMul", g.Op("Tanh", g.Op("MatMul", x, w)), w));

        var test = Quantize(g.Build());

        Assert.That(test.Initializers.Count(value => value.Initializer!.ElementType == DataType.Int8 && value.Initializer.ElementCount > 16), Is.EqualTo(1));
    }

    [Test]
    public void A_large_bias_beside_tiny_weights_survives()
    {
        var g = new GraphBuilder();
        var weight = Tensor.Create([16, 2], [.. Enumerable.Range(0, 32).Select(i => i % 2 == 0 ? 1e-12f : 0.1f)]);
        g.Output("y", g.Op("Gemm", g.Input("x", Rows), g.Weight("w", weight), g.Weight("c", Tensor.Create([2], 100f, 1f))));

        Quantize(g.Build(), tolerance: new(0, Absolute: 0.02));
    }

    [Test]
    public void A_Fourier_transform_stays_float()
    {
        var g = new GraphBuilder();
        var transformed = Conv(g, g.Input("x", Picture));
        g.Output("y", Conv(g, g.Op("Sqrt", g.Op("Pow", transformed, g.Constant(Tensor.Create([], 2f)))), "b"));

        var test = Quantize(g.Build());

        Assert.That(test.Log.Nodes, Has.Count.EqualTo(1));
        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("power or logarithm"));
    }

    [Test]
    public void Rows_of_a_table_are_looked_up_in_codes()
    {
        var g = new GraphBuilder();
        var rows = g.Op("Gather", g.Weight("table", Matrix(200, 16)), g.Input("ids", DataType.Int64, 3));
        g.Output("y", g.Op("MatMul", rows, g.Weight("w", Matrix(16, 12))));

        var test = Quantize(g.Build());

        Assert.That(Floats(test), Has.None.GreaterThan(200));
    }

    [TestCase("mnist-pytorch")]
    [TestCase("mnist-cntk")]
    public void A_real_model_runs_on_integer_kernels(string name)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        PassContexts.Run(model, new Simplify(new()), new QuantizeStatic(new()));

        var operators = AtRunTime(model);

        Assert.That(operators, Has.None.EqualTo("Conv").And.None.EqualTo("Gemm").And.None.EqualTo("FusedConv"));
        Assert.That(operators, Has.Some.EqualTo("QLinearConv"));
    }

    /// <summary>Elements of each constant of floats.</summary>
    private static IEnumerable<long> Floats(PassTest test) => GraphWalker.Graphs(test.Model).SelectMany(graph => graph.MadeValues)
        .Select(value => value.Constant).OfType<Tensor>().Where(constant => constant.ElementType == DataType.Float).Select(constant => constant.ElementCount);
}
