using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseMulConvTests
{
    private static readonly FuseMulConv Pass = new();

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(2, 4, 5, 5));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => Conv(g, g.Op("Div", x, g.Weight("c", Numbers.Positive(3, 1))), ("pads", new long[] { 1, 1, 1, 1 })), Image,
            opsets: [17, 7, 14]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(1, 4)]
    [TestCase(2, 2)]
    [TestCase(4, 1)]
    public void A_factor_per_channel_reaches_its_group(int groups, int perGroup)
    {
        var g = new GraphBuilder();
        var scaled = g.Op("Mul", g.Input("x", Image), g.Weight("c", Numbers.Positive(3, 1, 4, 1, 1)));
        g.Output("y", g.Op("Conv", [scaled, g.Weight("w", Numbers.Signed(1, 8, perGroup, 2, 2))], ("group", groups)));

        PassTester.Run(Pass, g.Build()).Leaves("Conv");
    }

    [TestCase(1)]
    [TestCase(2)]
    public void A_transposed_convolution_too(int groups)
    {
        var g = new GraphBuilder();
        var scaled = g.Op("Mul", g.Input("x", Image), g.Weight("c", Numbers.Positive(3, 4, 1, 1)));
        g.Output("y", g.Op("ConvTranspose", [scaled, g.Weight("w", Numbers.Signed(1, 4, 3, 2, 2))], ("group", groups)));

        PassTester.Run(Pass, g.Build()).Leaves("ConvTranspose");
    }

    private static IEnumerable<TestCaseData> Refusals =>
    [
        Refusal("spreads one channel over four", "may widen", g =>
            g.Op("Mul", g.Input("x", DataType.Float, 2, 1, 5, 5), g.Weight("c", Numbers.Positive(3, 4, 1, 1)))),
        Refusal("adds an axis", "may widen", g =>
            g.Op("Mul", g.Input("x", DataType.Float, 4, 5, 5), g.Weight("c", Numbers.Positive(3, 1, 1, 1, 1)))),
        Refusal("along another axis", "one per channel", g => g.Op("Mul", g.Input("x", Image), g.Weight("c", Numbers.Positive(3, 5)))),
    ];

    [TestCaseSource(nameof(Refusals))]
    public void Refuses(string reason, Func<GraphBuilder, Value> scale)
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, scale(g)));

        PassTester.Run(Pass, g.Build()).Refuses(reason);
    }

    [Test]
    public void A_factor_that_others_read_stays()
    {
        var g = new GraphBuilder();
        var scaled = g.Op("Mul", g.Input("x", Image), g.Weight("c", Numbers.Positive(3, 1)));
        g.Output("y", Conv(g, scaled));
        g.Output("z", g.Op("Abs", scaled));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [TestCase(14, false)]
    [TestCase(13, true)]
    public void The_end_of_a_HardSwish_stays_where_there_is_such_an_operator(long opset, bool folds)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", Image);
        var gate = g.Op("Clip", g.Op("Add", x, g.Weight("three", Tensor.Create([], 3f))), g.Weight("zero", Tensor.Create([], 0f)),
            g.Weight("six", Tensor.Create([], 6f)));
        g.Output("y", Conv(g, g.Op("Div", g.Op("Mul", x, gate), g.Weight("six", Tensor.Create([], 6f)))));

        var test = PassTester.Run(Pass, g.Build());

        if (folds)
            test.Leaves("Add", "Clip", "Mul", "Conv");
        else
            test.Refuses("it belongs to an activation");
    }

    private static Value Conv(GraphBuilder g, Value x, params (string, object)[] attributes) =>
        g.Op("Conv", [x, g.Weight("w", Numbers.Signed(1, 3, 4, 2, 2)), g.Weight("b", Numbers.Signed(2, 3))], attributes);

    private static TestCaseData Refusal(string name, string reason, Func<GraphBuilder, Value> build) =>
        new TestCaseData(reason, build).SetArgDisplayNames(name);
}
