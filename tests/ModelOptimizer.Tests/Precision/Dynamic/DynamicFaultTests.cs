using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Dynamic;

/// <summary>Faults measured in ONNX Runtime's own Python quantizer, each on a model as small as it gets. Fault 11 stands with convolutions.</summary>
public sealed class DynamicFaultTests
{
    private const int Depth = 64;
    private static readonly Tensor Matrix = Tensor.Create([Depth, 48], Weights.Random(Depth * 48));
    private static readonly Tolerance IntegerActivations = new(0.03);

    /// <summary>There: ValueError, "Expected … to be an initializer", on every export of PaddlePaddle.</summary>
    [Test]
    public void Fault_1_weights_in_Constant_nodes_are_weights()
    {
        var g = new GraphBuilder(9) { Weights = Testing.WeightForm.ConstantNode };
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 3, Depth), g.Weight("w", Matrix)));
        var model = g.Build();
        var before = ModelWriter.ToBytes(model).Length;

        var test = PassTester.Run(new QuantizeDynamic(new()), model, tolerance: IntegerActivations);

        Assert.That(test.Log.Weights.Single().Form, Does.StartWith("int8 per channel"));
        Assert.That(ModelWriter.ToBytes(test.Model), Has.Length.LessThan(0.45 * before));
    }

    /// <summary>There: the written model is larger than before, or the tool dies on the branch's Constant.</summary>
    [Test]
    public void Fault_17_weights_inside_nested_branches_shrink_the_model([Values] Testing.WeightForm weights)
    {
        var g = new GraphBuilder { Weights = weights };
        var (x, c) = (g.Input("x", DataType.Float, 3, 2, Depth), g.Input("c", DataType.Bool));
        var node = g.If(c, then => [then.If(c, inner => [Layers(inner, x)], inner => [inner.Op("Abs", x)]).Output()], otherwise => [Layers(otherwise, otherwise.Op("Abs", x))]);
        g.Output("y", node.Output());
        var model = g.Build();
        var before = ModelWriter.ToBytes(model).Length;

        var test = PassTester.Run(new QuantizeDynamic(new()), model, tolerance: IntegerActivations);

        if (weights == Testing.WeightForm.InputWithDefault)
        {
            Assert.That(test.Log.Weights, Is.Not.Empty.And.All.Matches<WeightDecision>(weight => weight!.Refusal is not null));
            return;
        }
        Assert.That(test.Operators, Has.None.AnyOf("MatMul", "LSTM"));
        Assert.That(ModelWriter.ToBytes(test.Model), Has.Length.LessThan(0.45 * before));
    }

    /// <summary>There: "Unable to find data type", since fused models declare nothing about values in the middle.</summary>
    [Test]
    public void Fault_18_products_of_values_that_the_file_says_nothing_about()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 3, Depth);
        var normalized = g.Op("com.microsoft.SkipLayerNormalization", x, x, g.Weight("gamma", Tensor.Create([Depth], Weights.Random(Depth))));
        var square = g.Op("com.microsoft.FastGelu", g.Op("MatMul", normalized, g.Weight("w", Tensor.Create([Depth, Depth], Weights.Random(Depth * Depth)))));
        g.Output("y", g.Op("MatMul", square, g.Weight("v", Matrix)));

        var test = PassTester.Run(new QuantizeDynamic(new()), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators.Count(name => name == "MatMulInteger"), Is.EqualTo(2));
    }

    /// <summary>Every weight of a model with one of each kind of reader is quantized or refused with a reason.</summary>
    [Test]
    public void Every_weight_is_accounted_for()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 8, Depth);
        var image = g.Op("Conv", g.Op("Unsqueeze", x, g.Int64s("one", 1)), g.Weight("kernel", Tensor.Create([16, 1, 9, 9], Weights.Random(16 * 81))));
        g.Output("a", Layers(g, x));
        g.Output("b", g.Op("Relu", image));
        g.Output("c", g.Op("GRU", [x, g.Weight("gw", Tensor.Create([1, 96, Depth], Weights.Random(96 * Depth))), g.Weight("gr", Tensor.Create([1, 96, 32], Weights.Random(96 * 32)))], ("hidden_size", 32)));
        g.Output("d", g.Op("MatMul", x, g.Weight("stack", Tensor.Create([2, Depth, 32], Weights.Random(2 * Depth * 32)))));
        g.Output("e", g.Op("MatMul", g.Weight("left", Tensor.Create([90, 8], Weights.Random(720))), x));
        g.Output("f", g.Op("MatMul", x, g.Weight("small", Tensor.Create([Depth, 2], Weights.Random(2 * Depth)))));
        g.Output("g", g.Op("Gather", g.Weight("table", Matrix), g.Input("i", DataType.Int64, 2)));

        var log = PassContexts.Run(g.Build(), new QuantizeDynamic(new()));

        Assert.That(log.Weights.Select(weight => $"{weight.Weight}: {(weight.Refusal is null ? "quantized" : "refused")}"), Is.EquivalentTo(new[]
        {
            "w: quantized", "lw: quantized", "lr: quantized", "kernel: refused", "gw: refused", "gr: refused", "stack: quantized", "left: quantized", "small: refused",
            "table: quantized",
        }));
    }

    /// <summary>A product and an LSTM behind it.</summary>
    private static Value Layers(GraphBuilder g, Value x)
    {
        var y = g.Op("MatMul", x, g.Weight("w", Tensor.Create([Depth, Depth], Small(Depth * Depth, 1))));
        var (w, r) = (Tensor.Create([1, 4 * Depth, Depth], Small(4 * Depth * Depth, 2)), Tensor.Create([1, 4 * Depth, Depth], Small(4 * Depth * Depth, 3)));
        return g.Op("Squeeze", g.Op("LSTM", [y, g.Weight("lw", w), g.Weight("lr", r)], ("hidden_size", Depth)), g.Int64s("axis", 1));
    }

    private static float[] Small(int count, int seed) => Array.ConvertAll(Weights.Random(count, seed), weight => weight / 20);
}
