using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseGemmAddTests
{
    private static readonly FuseGemmAdd Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 4));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Add", g.Op("Gemm", [x, Weight(g), g.Weight("b", Numbers.Signed(2, 3))], ("beta", 0.5f)),
            g.Weight("c", Numbers.Signed(3, 3))),
        Matrix, opsets: [17, 7, 9, 14], missingOptional: (g, x) =>
            g.Op("Sub", g.Op("Gemm", x, Weight(g)), g.Weight("c", Numbers.Signed(3, 1, 3))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(1, 1)]
    [TestCase(1)]
    public void A_single_element(params long[] shape)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Op("Gemm", g.Input("x", Matrix), Weight(g), g.Weight("b", Numbers.Signed(2))),
            g.Weight("c", Numbers.Signed(3, shape))));

        PassTester.Run(Pass, g.Build()).Leaves("Gemm");
    }

    [Test]
    public void A_term_that_adds_an_axis_stays()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Op("Gemm", g.Input("x", Matrix), Weight(g)), g.Weight("c", Numbers.Signed(3, 1, 1, 3))));

        PassTester.Run(Pass, g.Build()).Refuses("one per channel");
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Numbers.Signed(1, 4, 3));
}
