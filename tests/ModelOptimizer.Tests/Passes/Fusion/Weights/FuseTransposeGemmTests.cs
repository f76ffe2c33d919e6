using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseTransposeGemmTests
{
    private static readonly FuseTransposeGemm Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(4, 2));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Gemm", Swap(g, x), g.Op("Exp", x), Bias(g)), Matrix, opsets: [17, 7, 9, 11, 13], missingOptional: (g, x) =>
            g.Op("Gemm", Swap(g, x), g.Op("Exp", x)),
        mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(0, 1)]
    [TestCase(1, 1)]
    public void Both_sides_and_flags_that_were_set(int transA, int transB)
    {
        var g = new GraphBuilder();
        var (a, b) = (g.Input("a", DataType.Float, transA == 0 ? [4, 2] : [2, 4]),
            g.Input("b", DataType.Float, transB == 0 ? [3, 4] : [4, 3]));
        g.Output("y", g.Op("Gemm", [Swap(g, a), Swap(g, b), g.Weight("c", Numbers.Signed(1, 3))], ("transA", transA), ("transB", transB)));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [Test]
    public void The_default_order_of_a_matrix_is_a_swap()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gemm", g.Op("Transpose", g.Input("x", Matrix)), g.Weight("w", Numbers.Signed(1, 4, 3))));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [TestCase(11, true)]
    [TestCase(10, false)]
    public void A_MatMul_becomes_a_Gemm_where_that_needs_no_bias(long opset, bool fuses)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 3, 2), Swap(g, g.Input("w", Matrix))));

        var test = PassTester.Run(Pass, g.Build());

        if (fuses)
            test.Leaves("Gemm");
        else
            test.Ignores();
    }

    [Test]
    public void More_axes_stay()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 5, 3, 2), Swap(g, g.Input("w", Matrix))));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void A_transposed_matrix_that_others_read_stays()
    {
        var g = new GraphBuilder();
        var swapped = Swap(g, g.Input("x", Matrix));
        g.Output("y", g.Op("Gemm", swapped, g.Weight("w", Numbers.Signed(1, 4, 3))));
        g.Output("z", g.Op("Abs", swapped));

        PassTester.Run(Pass, g.Build()).Refuses("has other readers");
    }

    [Test]
    public void Other_readers_of_the_other_operand_don_t_matter()
    {
        var g = new GraphBuilder();
        var a = g.Op("Exp", g.Input("a", DataType.Float, 3, 2));
        g.Output("y", g.Op("Gemm", a, Swap(g, g.Input("b", Matrix))));
        g.Output("z", g.Op("Abs", a));

        PassTester.Run(Pass, g.Build()).Leaves("Exp", "Gemm", "Abs");
    }

    [Test]
    public void A_matrix_times_itself_is_read_twice()
    {
        var g = new GraphBuilder();
        var swapped = Swap(g, g.Input("x", DataType.Float, 3, 3));
        g.Output("y", g.Op("Gemm", swapped, swapped));

        PassTester.Run(Pass, g.Build()).Refuses("has other readers");
    }

    private static Value Swap(GraphBuilder g, Value x) => g.Op("Transpose", [x], ("perm", new long[] { 1, 0 }));

    private static Value Bias(GraphBuilder g) => g.Weight("b", Numbers.Signed(2, 2));
}
