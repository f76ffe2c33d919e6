using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseGemmBatchNormalizationTests
{
    private static readonly FuseGemmBatchNormalization Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 4));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => Normalize(g, g.Op("Gemm", [x, g.Weight("w", Numbers.Signed(1, 4, 3)), g.Weight("b", Numbers.Signed(2, 3))],
            ("alpha", 0.5f), ("beta", 2f))),
        Matrix, opsets: [17, 8, 9, 14], missingOptional: (g, x) => Normalize(g, g.Op("Gemm", x, g.Weight("w", Numbers.Signed(1, 4, 3)))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(false)]
    [TestCase(true)]
    public void Transposed_operands(bool transA)
    {
        var g = new GraphBuilder();
        var x = transA ? g.Input("x", DataType.Float, 4, 2) : g.Input("x", Matrix);
        g.Output("y", Normalize(g, g.Op("Gemm", [x, g.Weight("w", Numbers.Signed(1, 3, 4)), g.Weight("b", Numbers.Signed(2, 1, 3))],
            ("transA", transA ? 1 : 0), ("transB", 1))));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [Test]
    public void A_MatMul_of_matrices_becomes_a_Gemm()
    {
        var g = new GraphBuilder();
        g.Output("y", Normalize(g, g.Op("MatMul", g.Input("x", Matrix), g.Weight("w", Numbers.Signed(1, 4, 3)))));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [Test]
    public void Double_precision()
    {
        var g = new GraphBuilder();
        var product = g.Op("Gemm", g.Input("x", DataType.Double, 2, 4), g.Weight("w", Numbers.Of(DataType.Double, 1, -1, 4, 3)));
        var parameters = Enumerable.Range(0, 4).Select(i => g.Weight($"p{i}", Numbers.Of(DataType.Double, 5 + i, 0.5, 3)));
        g.Output("y", g.Op("BatchNormalization", [product, .. parameters]));

        PassTester.Run(Pass, g.Build(), tolerance: new Tolerance(1e-12)).Leaves("Gemm");
    }

    [Test]
    public void Channels_of_a_batched_product_are_other_ones()
    {
        var g = new GraphBuilder();
        g.Output("y", Normalize(g, g.Op("MatMul", g.Input("x", DataType.Float, 2, 3, 4), g.Weight("w", Numbers.Signed(1, 4, 3)))));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Normalize(GraphBuilder g, Value x) => FuseConvBatchNormalizationTests.Normalize(g, x, 3);
}
