using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseAddGemmTests
{
    private static readonly FuseAddGemm Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 4));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Gemm", [g.Op("Add", x, g.Weight("c", Numbers.Signed(3))), Weight(g), g.Weight("b", Numbers.Signed(2, 5))],
            ("alpha", 0.5f), ("beta", 2f)),
        Matrix, opsets: [17, 7, 14], missingOptional: (g, x) => g.Op("Gemm", g.Op("Sub", x, g.Weight("c", Numbers.Signed(3))), Weight(g)));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void A_MatMul_of_matrices_becomes_a_Gemm()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Op("Add", g.Input("x", Matrix), g.Weight("c", Numbers.Signed(3, 4))), Weight(g)));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [Test]
    public void A_batched_MatMul_has_no_bias_to_take_it()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Op("Add", g.Input("x", DataType.Float, 2, 3, 4), g.Weight("c", Numbers.Signed(3, 4))), Weight(g)));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void A_sum_of_activations_is_no_candidate_whatever_the_weight()
    {
        var g = new GraphBuilder();
        var stored = g.Initializer("stored", Tensor.Create(DataType.UInt8, [4, 5], Enumerable.Range(0, 20).Select(i => (byte)i).ToArray()));
        var weight = g.Op("DequantizeLinear", stored, g.Initializer("scale", [], 0.1f));
        g.Output("y", g.Op("MatMul", g.Op("Add", g.Input("x", Matrix), g.Input("skip", Matrix)), weight));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Numbers.Signed(1, 4, 5));
}
