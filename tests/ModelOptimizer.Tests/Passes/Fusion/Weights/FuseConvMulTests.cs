using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseConvMulTests
{
    private static readonly FuseConvMul Pass = new();

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(2, 4, 5, 5));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Mul", g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, 3, 4, 2, 2)), g.Weight("b", Numbers.Signed(2, 3))),
            g.Weight("c", Numbers.Positive(3, 3, 1, 1))),
        Image, opsets: [17, 7, 13], missingOptional: (g, x) => g.Op("Mul", g.Weight("c", Numbers.Positive(3, 1)), Conv(g, x)));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Factors =>
    [
        Case("one number", (g, y) => g.Op("Mul", y, g.Weight("c", Numbers.Positive(3)))),
        Case("one number in front", (g, y) => g.Op("Mul", g.Weight("c", Numbers.Positive(3, 1)), y)),
        Case("one per channel, all axes", (g, y) => g.Op("Mul", y, g.Weight("c", Numbers.Positive(3, 1, 3, 1, 1)))),
        Case("divided", (g, y) => g.Op("Div", y, g.Weight("c", Numbers.Positive(3, 3, 1, 1)))),
        Case("one of them zero", (g, y) => g.Op("Mul", y, g.Weight("c", Tensor.Create([3, 1, 1], 0f, 1f, -2f)))),
    ];

    [TestCaseSource(nameof(Factors))]
    public void Folds(Func<GraphBuilder, Value, Value> scale) => PassTester.Run(Pass, Build(scale)).Leaves("Conv");

    private static IEnumerable<TestCaseData> Refusals =>
    [
        Refusal("along the last axis", "one per channel", (g, y) => g.Op("Mul", y, g.Weight("c", Numbers.Positive(3, 4)))),
        Refusal("per sample", "one per channel", (g, y) => g.Op("Mul", y, g.Weight("c", Numbers.Positive(3, 2, 1, 1, 1)))),
        Refusal("more axes", "one per channel", (g, y) => g.Op("Mul", y, g.Weight("c", Numbers.Positive(3, 1, 1, 3, 1, 1)))),
        Refusal("by zero", "not finite", (g, y) => g.Op("Div", y, g.Weight("c", Tensor.Create([1], 0f)))),
        Refusal("fed", "'c' may be fed", (g, y) => g.Op("Mul", y, g.InputWithDefault("c", Numbers.Positive(3, 1)))),
        Refusal("read twice", "has other readers", (g, y) => g.Op("Sub", y, g.Op("Mul", y, g.Weight("c", Numbers.Positive(3, 1))))),
    ];

    [TestCaseSource(nameof(Refusals))]
    public void Refuses(string reason, Func<GraphBuilder, Value, Value> scale) => PassTester.Run(Pass, Build(scale)).Refuses(reason);

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Case("a constant divided by it", (g, y) => g.Op("Div", g.Weight("c", Numbers.Positive(3, 1)), y)),
        Case("a gate", (g, y) => g.Op("Mul", y, g.Op("Sigmoid", y))),
        Case("the Conv as an output", (g, y) => g.Op("Mul", g.Op("Abs", y), g.Weight("c", Numbers.Positive(3, 1)))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> other) => PassTester.Run(Pass, Build(other)).Ignores();

    [Test]
    public void A_factor_in_a_branch_stays_there()
    {
        var g = new GraphBuilder();
        var y = Conv(g, g.Input("x", Image));
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [then.Op("Mul", y, then.Weight("c", Numbers.Positive(3, 1)))], otherwise =>
            [otherwise.Op("Abs", g.Input("z", Image))]).Output());

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Conv(GraphBuilder g, Value x) => g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, 3, 4, 2, 2)));

    private static OnnxModel Build(Func<GraphBuilder, Value, Value> scale)
    {
        var g = new GraphBuilder();
        g.Output("y", scale(g, Conv(g, g.Input("x", Image))));
        return g.Build();
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(build).SetArgDisplayNames(name);

    private static TestCaseData Refusal(string name, string reason, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(reason, build).SetArgDisplayNames(name);
}
