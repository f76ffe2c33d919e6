using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseConvAddTests
{
    private static readonly FuseConvAdd Pass = new();

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(2, 4, 5, 5));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Add", g.Op("Conv", x, Weight(g), g.Weight("b", Numbers.Signed(2, 3))), g.Weight("c", Numbers.Signed(3, 3, 1, 1))),
        Image, opsets: [17, 7, 14], missingOptional: (g, x) =>
            g.Op("Add", g.Op("Conv", x, Weight(g)), g.Weight("c", Numbers.Signed(3, 1, 3, 1, 1))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Terms =>
    [
        Case("one number in front", (g, y) => g.Op("Add", g.Weight("c", Numbers.Signed(3)), y)),
        Case("subtracted", (g, y) => g.Op("Sub", y, g.Weight("c", Numbers.Signed(3, 3, 1, 1)))),
        Case("subtracted from", (g, y) => g.Op("Sub", g.Weight("c", Numbers.Signed(3, 3, 1, 1)), y)),
    ];

    [TestCaseSource(nameof(Terms))]
    public void Folds(Func<GraphBuilder, Value, Value> add)
    {
        var g = new GraphBuilder();
        g.Output("y", add(g, g.Op("ConvTranspose", g.Input("x", Image), g.Weight("w", Numbers.Signed(1, 4, 3, 2, 2)))));

        PassTester.Run(Pass, g.Build()).Leaves("ConvTranspose");
    }

    [Test]
    public void A_term_leaves_a_shared_weight_alone()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Image);
        g.Output("y", g.Op("Add", g.Op("Conv", x, Weight(g)), g.Weight("c", Numbers.Signed(3, 3, 1, 1))));
        g.Output("z", g.Op("Conv", x, Weight(g)));

        PassTester.Run(Pass, g.Build()).Leaves("Conv", "Conv");
    }

    [Test]
    public void A_bias_that_is_computed_stays()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Op("Conv", g.Input("x", Image), Weight(g), g.Input("b", DataType.Float, 3)),
            g.Weight("c", Numbers.Signed(3, 1))));

        PassTester.Run(Pass, g.Build()).Refuses("the bias of Conv");
    }

    [Test]
    public void A_residual_is_no_bias()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Image);
        g.Output("y", g.Op("Add", g.Op("Conv", [x, g.Weight("w", Numbers.Signed(1, 4, 4, 1, 1))]), x));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Numbers.Signed(1, 3, 4, 2, 2));

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(build).SetArgDisplayNames(name);
}
