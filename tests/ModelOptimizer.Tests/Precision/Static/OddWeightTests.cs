using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Weights and values that are out of the ordinary.</summary>
public sealed class OddWeightTests
{
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

        var stored = test.Initializers.Where(value => value.Initializer!.ElementType == DataType.Int8 && value.Initializer.ElementCount > 16);
        Assert.That(stored.Count(), Is.EqualTo(1));
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

        Assert.That(PeerFaults.FaultPasses.Floats(test.Model), Has.None.GreaterThan(200));
    }

    [TestCase("mnist-pytorch")]
    [TestCase("mnist-cntk")]
    public void A_real_model_runs_on_integer_kernels(string name)
    {
        var model = OnnxModel.Load(SharedModels.Require($"{name}.onnx"));
        PassContexts.Run(model, new Simplify(new()), new QuantizeStatic(new() { Prefer = Preference.Size }));

        var operators = AtRunTime(model);

        Assert.That(operators, Has.None.EqualTo("Conv").And.None.EqualTo("Gemm").And.None.EqualTo("FusedConv"));
        Assert.That(operators, Has.Some.EqualTo("QLinearConv"));
    }
}
