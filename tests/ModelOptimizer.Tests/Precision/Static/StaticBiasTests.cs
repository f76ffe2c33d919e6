using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

public sealed class StaticBiasTests
{
    [TestCase(3, 12)]
    [TestCase(12, 12)]
    [TestCase(3, 1)]
    [TestCase(1, 12)]
    public void A_column_is_spread_over_all_columns(int rows, int columns)
    {
        foreach (var perChannel in new[] { true, false })
        {
            var g = new GraphBuilder();
            var bias = Tensor.Create([rows, 1], [.. Enumerable.Range(0, rows).Select(i => 10f * i - 15)]);
            g.Output("y", g.Op("Gemm", [g.Input("x", DataType.Float, rows, 16), g.Weight("w", Matrix(16, columns)), g.Weight("c", bias)], ("beta", 0.5f)));

            var test = Quantize(g.Build(), new() { PerChannel = perChannel });

            Assert.That(test.Log.Nodes, Has.Count.EqualTo(1));
        }
    }

    [Test]
    public void A_column_beside_a_product_of_unknown_width_stays_float()
    {
        var g = new GraphBuilder();
        var right = g.Input("r", DataType.Float, 16, "n");
        g.Output("y", g.Op("Gemm", g.Input("x", Rows), right, g.Weight("c", Tensor.Create([3, 1], 1f, 2f, 3f))));

        Quantize(g.Build()).Refuses("a column");
    }

    [TestCase(float.NegativeInfinity)]
    [TestCase(float.NaN)]
    public void A_bias_that_is_not_finite_leaves_the_layer_alone(float element)
    {
        var bias = Weights.Random(Channels);
        bias[3] = element;
        var (gemm, conv) = (new GraphBuilder(), new GraphBuilder());
        gemm.Output("y", gemm.Op("Gemm", gemm.Input("x", Rows), gemm.Weight("w", Matrix(16, Channels)), gemm.Weight("c", Tensor.Create([Channels], bias))));
        conv.Output("y", conv.Op("Conv", conv.Input("x", Picture), conv.Weight("k", Kernel(3)), conv.Weight("c", Tensor.Create([Channels], bias))));

        Quantize(gemm.Build()).Refuses("holds infinite or undefined values");
        Quantize(conv.Build()).Refuses("holds infinite or undefined values");
    }

    [Test]
    public void An_infinite_term_behind_a_product_does_not_reach_its_scales()
    {
        var bias = Weights.Random(12);
        bias[3] = float.NegativeInfinity;
        var g = new GraphBuilder();
        g.Output("y", g.Op("Softmax", g.Op("Add", g.Op("MatMul", g.Input("x", Rows), g.Weight("w", Matrix(16, 12))), g.Weight("c", Tensor.Create([12], bias)))));

        Assert.That(Quantize(g.Build()).Log.Nodes, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_mask_of_the_lowest_float_masks_still()
    {
        var g = new GraphBuilder();
        var bias = Weights.Random(Channels);
        bias[3] = float.MinValue;
        var x = g.Op("Mul", g.Input("x", Rows), g.Constant(Tensor.Create([], 1e-12f)));
        g.Output("y", g.Op("Softmax", g.Op("Gemm", x, g.Weight("w", Matrix(16, Channels)), g.Weight("c", Tensor.Create([Channels], bias)))));

        Quantize(g.Build());
    }
}
