using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseGemmMulTests
{
    private static readonly FuseGemmMul Pass = new();

    private static readonly TensorType Tokens = new(DataType.Float, Shape.Of(2, 3, 4));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Mul", g.Op("MatMul", x, g.Weight("w", Numbers.Signed(1, 4, 5))), g.Weight("c", Numbers.Positive(3, 5))), Tokens,
            opsets: [17, 7, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(0)]
    [TestCase(1)]
    public void A_Gemm_scales_its_bias_too(int transB)
    {
        var g = new GraphBuilder();
        long[] shape = transB == 0 ? [4, 5] : [5, 4];
        var product = g.Op("Gemm", [g.Input("x", DataType.Float, 2, 4), g.Weight("w", Numbers.Signed(1, shape)),
            g.Weight("b", Numbers.Signed(2, 5))],
            ("transB", transB), ("alpha", 2f), ("beta", 0.5f));
        g.Output("y", g.Op("Div", product, g.Weight("c", Numbers.Positive(3, 1, 5))));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [Test]
    public void A_single_element_in_front()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Mul", g.Weight("c", Numbers.Positive(3, 1, 1)),
            g.Op("MatMul", g.Input("x", Tokens), g.Weight("w", Numbers.Signed(1, 4, 5)))));

        PassTester.Run(Pass, g.Build()).Leaves("MatMul");
    }

    [Test]
    public void A_factor_per_row_stays()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Mul", g.Op("MatMul", g.Input("x", Tokens), g.Weight("w", Numbers.Signed(1, 4, 3))),
            g.Weight("c", Numbers.Positive(3, 3, 1))));

        PassTester.Run(Pass, g.Build()).Refuses("one per channel");
    }

    [Test]
    public void A_factor_with_more_axes_than_the_product_stays()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Mul", g.Op("MatMul", g.Input("x", Tokens), g.Weight("w", Numbers.Signed(1, 4, 3))),
            g.Weight("c", Numbers.Positive(3, 1, 1, 1, 3))));

        PassTester.Run(Pass, g.Build()).Refuses("one per channel");
    }

    [Test]
    public void A_bias_that_differs_by_row_stays()
    {
        var g = new GraphBuilder();
        var product = g.Op("Gemm", g.Input("x", DataType.Float, 2, 4), g.Weight("w", Numbers.Signed(1, 4, 5)),
            g.Weight("b", Numbers.Signed(2, 2, 5)));
        g.Output("y", g.Op("Mul", product, g.Weight("c", Numbers.Positive(3))));

        PassTester.Run(Pass, g.Build()).Refuses("differs within a channel");
    }

    [Test]
    public void A_product_of_activations_has_no_weights()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Mul", g.Op("MatMul", g.Input("x", Tokens), g.Input("k", DataType.Float, 2, 4, 3)),
            g.Weight("c", Numbers.Positive(3))));

        PassTester.Run(Pass, g.Build()).Ignores();
    }
}
