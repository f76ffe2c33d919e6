using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseAddConvTests
{
    private static readonly FuseAddConv Pass = new();

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(2, 4, 5, 5));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => Conv(g, g.Op("Sub", x, g.Weight("c", Numbers.Signed(3, 1)))), Image, opsets: [17, 7, 14],
        missingOptional: (g, x) => g.Op("Conv", g.Op("Add", x, g.Weight("c", Numbers.Signed(3, 1))), Weight(g)));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(1, 4)]
    [TestCase(2, 2)]
    public void A_term_per_channel_reaches_its_group(int groups, int perGroup)
    {
        var g = new GraphBuilder();
        var moved = g.Op("Sub", g.Weight("c", Numbers.Signed(3, 4, 1, 1)), g.Input("x", Image));
        g.Output("y", g.Op("Conv", [moved, g.Weight("w", Numbers.Signed(1, 6, perGroup, 2, 2))], ("group", groups), ("auto_pad", "VALID")));

        PassTester.Run(Pass, g.Build()).Leaves("Conv");
    }

    private static IEnumerable<TestCaseData> Paddings =>
    [
        new TestCaseData(("pads", (object)new long[] { 0, 0, 1, 0 })).SetArgDisplayNames("pads"),
        new TestCaseData(("auto_pad", (object)"SAME_UPPER")).SetArgDisplayNames("auto_pad"),
    ];

    [TestCaseSource(nameof(Paddings))]
    public void Padding_does_not_get_the_term((string, object) padding)
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Op("Add", g.Input("x", Image), g.Weight("c", Numbers.Signed(3, 1))), padding));

        PassTester.Run(Pass, g.Build()).Refuses("the Conv pads with zeros");
    }

    [Test]
    public void A_transposed_convolution_is_no_candidate()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("ConvTranspose", g.Op("Add", g.Input("x", Image), g.Weight("c", Numbers.Signed(3, 1))),
            g.Weight("w", Numbers.Signed(1, 4, 3, 2, 2))));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Numbers.Signed(1, 3, 4, 2, 2));

    private static Value Conv(GraphBuilder g, Value x, params (string, object)[] attributes) =>
        g.Op("Conv", [x, Weight(g), g.Weight("b", Numbers.Signed(2, 3))], attributes);
}
