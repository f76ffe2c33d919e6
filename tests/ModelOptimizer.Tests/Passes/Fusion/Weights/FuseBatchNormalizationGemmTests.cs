using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseBatchNormalizationGemmTests
{
    private static readonly FuseBatchNormalizationGemm Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 4));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Gemm", Normalize(g, x), Weight(g), g.Weight("b", Numbers.Signed(2, 5))), Matrix, opsets: [17, 8, 9, 14],
        missingOptional: (g, x) => g.Op("Gemm", [Normalize(g, x), Weight(g)], ("alpha", 0.5f)));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void A_MatMul_of_matrices_becomes_a_Gemm()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", Normalize(g, g.Input("x", Matrix)), Weight(g)));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [Test]
    public void Channels_of_a_transposed_input_are_other_ones()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gemm", [Normalize(g, g.Input("x", DataType.Float, 4, 4)), Weight(g)], ("transA", 1)));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Numbers.Signed(1, 4, 5));

    private static Value Normalize(GraphBuilder g, Value x) => FuseConvBatchNormalizationTests.Normalize(g, x, 4);
}
