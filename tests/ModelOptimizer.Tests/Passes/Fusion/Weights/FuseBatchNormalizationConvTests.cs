using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseBatchNormalizationConvTests
{
    private static readonly FuseBatchNormalizationConv Pass = new();

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(2, 4, 5, 5));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Conv", Normalize(g, x), g.Weight("w", Numbers.Signed(1, 3, 4, 2, 2)), g.Weight("b", Numbers.Signed(2, 3))),
        Image, opsets: [17, 8, 9, 14, 15], missingOptional: (g, x) =>
            g.Op("Conv", Normalize(g, x), g.Weight("w", Numbers.Signed(1, 3, 4, 2, 2))));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Groups_get_what_is_theirs()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Conv", [Normalize(g, g.Input("x", Image)), g.Weight("w", Numbers.Signed(1, 6, 2, 2, 2))], ("group", 2)));

        PassTester.Run(Pass, g.Build()).Leaves("Conv");
    }

    [Test]
    public void Padding_is_not_normalized()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Conv", [Normalize(g, g.Input("x", Image)), g.Weight("w", Numbers.Signed(1, 3, 4, 3, 3))],
            ("pads", new long[] { 1, 1, 1, 1 })));

        PassTester.Run(Pass, g.Build()).Refuses("the Conv pads with zeros");
    }

    private static Value Normalize(GraphBuilder g, Value x) => FuseConvBatchNormalizationTests.Normalize(g, x, 4);
}
