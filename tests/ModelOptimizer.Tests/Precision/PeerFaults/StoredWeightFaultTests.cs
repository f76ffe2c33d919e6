using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.PeerFaults.FaultPasses;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;
using WeightForm = ModelOptimizer.Testing.WeightForm;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>Weights that the peer does not find, or dies of: wherever they stand, they shrink here.</summary>
public sealed class StoredWeightFaultTests
{
    private static IEnumerable<string> Names => FaultPasses.Names;

    /// <summary>
    /// Fault 1. There: "Expected … to be an initializer" on every export of PaddlePaddle, or a file larger, slower and worse than before.
    /// </summary>
    [Test]
    public void Weights_in_Constant_nodes_are_quantized([ValueSource(nameof(Names))] string pass, [Values(9, 11)] int opset,
        [Values(WeightForm.Initializer, WeightForm.ConstantNode)] WeightForm form)
    {
        var run = Run(pass, Classifier(new GraphBuilder(opset) { Weights = form }));

        Assert.That(Floats(run.Result), Has.None.GreaterThan(Depth * Classes), "the large weight is left nowhere");
        if (pass.StartsWith("static", StringComparison.Ordinal))
            Assert.That(Floats(run.Result), Has.None.GreaterThan(Classes), "only scales are floats");
        if (pass == "dynamic")
            Assert.That(run.Log.Weights.Single(weight => weight.Refusal is null).Form, Does.StartWith("int8 per channel"));
    }

    /// <summary>Fault 6. There: "The truth value of an array with more than one element is ambiguous" in every run per channel.</summary>
    [Test]
    public void A_bias_of_rank_2_is_taken([ValueSource(nameof(Names))] string pass, [Values("1x48", "3x48", "1x1")] string shape)
    {
        long[] dimensions = [.. shape.Split('x').Select(long.Parse)];
        var g = new GraphBuilder();
        var bias = Tensor.Create(dimensions, Weights.Random((int)(dimensions[0] * dimensions[1])));
        g.Output("y", g.Op("Gemm", g.Input("x", DataType.Float, 3, Depth), Matrix(g, "w"), g.Weight("b", bias)));

        var run = Run(pass, g.Build());

        if (pass.StartsWith("static", StringComparison.Ordinal))
            Assert.That(AtRunTime(run.Result), Is.EqualTo(new[] { "QuantizeLinear", "QGemm" }), "the bias is quantized like any other");
    }

    /// <summary>Fault 13. There: the table, most of the file, stays float; LSTMs, too, and convolutions without a word.</summary>
    [TestCase(8)]
    [TestCase(4)]
    public void A_table_of_embeddings_is_a_weight_and_what_stays_float_is_named(int bits)
    {
        var g = new GraphBuilder();
        var rows = g.Op("Gather", g.Weight("table", Tensor.Create([500, Depth], Weights.Random(500 * Depth))), g.Input("ids", DataType.Int64, 1, 3));
        var (w, r) = (Tensor.Create([1, 32, Classes], Weights.Random(32 * Classes)), Tensor.Create([1, 32, 8], Weights.Random(32 * 8)));
        g.Output("y", g.Op("LSTM", [g.Op("MatMul", rows, Matrix(g, "m")), g.Weight("w", w), g.Weight("r", r)], ("hidden_size", 8)));
        g.Output("z", Conv(g, g.Input("x", Picture)));

        var run = SmallRun.Of(g.Build(), new QuantizeWeights(new() { Bits = bits }));

        Assert.That(run.SizeRatio, Is.LessThan(0.45));
        var byDecision = run.Log.Weights.ToLookup(weight => weight.Refusal is null, weight => weight.Weight);
        Assert.That(byDecision[true], Is.EquivalentTo(new[] { "table", "m", "w", "r" }));
        Assert.That(byDecision[false], Is.EqualTo(new[] { "conv_weight" }));
    }

    /// <summary>Fault 17. There: a file larger than before with success, or death of the branch's Constant.</summary>
    [Test]
    public void Weights_in_nested_branches_are_quantized_and_the_file_shrinks([ValueSource(nameof(Names))] string pass,
        [Values(WeightForm.Initializer, WeightForm.ConstantNode, WeightForm.Captured)] WeightForm form)
    {
        var g = new GraphBuilder { Weights = form };
        var (x, c) = (g.Input("x", DataType.Float, 3, Depth), g.Input("c", DataType.Bool));
        var chosen = g.If(c,
            then => [then.If(c, inner => [inner.Op("MatMul", x, Matrix(inner, "a"))], inner => [Zeros(inner)]).Output()],
            otherwise => [otherwise.Op("MatMul", x, Matrix(otherwise, "b"))]);
        g.Output("y", chosen.Output());

        var run = Run(pass, g.Build());

        Assert.That(Floats(run.Result), Has.None.EqualTo(Depth * Classes));

        Value Zeros(GraphBuilder inner) => inner.Constant(Tensor.Create([3, Classes], new float[3 * Classes]));
    }

    /// <summary>Fault 17, of the voice detector that showed it: everything stands in branches, LSTMs as well.</summary>
    [Test]
    public void LSTMs_in_nested_branches_run_on_integers([Values] WeightForm weights)
    {
        var g = new GraphBuilder { Weights = weights };
        var (x, c) = (g.Input("x", DataType.Float, 3, 2, Depth), g.Input("c", DataType.Bool));
        var node = g.If(c, then => [then.If(c, inner => [Layers(inner, x)], inner => [inner.Op("Abs", x)]).Output()],
            otherwise => [Layers(otherwise, otherwise.Op("Abs", x))]);
        g.Output("y", node.Output());
        var model = g.Build();

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), model, tolerance: new Tolerance(0.03));

        if (weights == WeightForm.InputWithDefault)
        {
            Assert.That(test.Log.Weights, Is.Not.Empty.And.All.Matches<WeightDecision>(weight => weight!.Refusal is not null));
            return;
        }
        Assert.That(test.Operators, Has.None.AnyOf("MatMul", "LSTM"));
        Assert.That(ModelWriter.ToBytes(test.Model), Has.Length.LessThan(0.45 * ModelWriter.ToBytes(model).Length));
    }

    /// <summary>Fault 17, of convolutions.</summary>
    [Test]
    public void Convolutions_in_branches_become_codes_there()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Picture);
        var node = g.If(g.Input("c", DataType.Bool), then => [Conv(then, x, "a")], otherwise => [Conv(otherwise, otherwise.Op("Abs", x), "b")]);
        g.Output("y", node.Output());

        var test = Quantize(g.Build());

        Assert.That(test.Log.Nodes, Has.Count.EqualTo(2));
        Assert.That(Floats(test.Model), Has.None.GreaterThan(Channels));
    }

    /// <summary>Fault 18. There: "Unable to find data type for weight_name", since fused models declare nothing about values in the middle.</summary>
    [TestCaseSource(nameof(Names))]
    public void Products_behind_operators_of_the_runtime_need_no_declared_types(string pass)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 3, Depth);
        var (gain, shift) = (g.Initializer("gain", [Depth], Weights.Random(Depth)), g.Initializer("shift", [Depth], Weights.Random(Depth, seed: 2)));
        var normalized = g.Op("com.microsoft.SkipLayerNormalization", x, x, gain, shift);
        var square = g.Op("com.microsoft.FastGelu", g.Op("MatMul", normalized, g.Weight("v", Static.StaticModels.Matrix(Depth, Depth))));
        g.Output("y", g.Op("MatMul", square, Matrix(g, "w")));

        var run = Run(pass, g.Build());

        Assert.That(Floats(run.Result), Has.None.GreaterThanOrEqualTo(Depth * Classes), "both products are taken");
        if (pass == "dynamic")
            Assert.That(run.Result.Graph.Nodes.Count(node => node.Is("MatMulInteger")), Is.EqualTo(2));
    }

    private static Value Matrix(GraphBuilder g, string name) => FaultPasses.Matrix(g, name);
}
