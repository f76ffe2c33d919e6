using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class MergeConstantOperandsTests
{
    private static readonly MergeConstantOperands Pass = new();

    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Mul", g.Op("Div", x, C(g)), D(g)), Matrix, opsets: [17, 7, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Pairs =>
    [
        Case("Mul, Mul", "Mul", (g, x) => g.Op("Mul", D(g), g.Op("Mul", x, C(g, 3)))),
        Case("Mul, Div", "Mul", (g, x) => g.Op("Div", g.Op("Mul", C(g, 3), x), D(g))),
        Case("Div, Div", "Mul", (g, x) => g.Op("Div", g.Op("Div", x, C(g)), D(g))),
        Case("Add, Add", "Add", (g, x) => g.Op("Add", g.Op("Add", x, C(g, 3)), D(g))),
        Case("Add, Sub", "Add", (g, x) => g.Op("Sub", g.Op("Add", C(g), x), D(g))),
        Case("Sub, Sub", "Add", (g, x) => g.Op("Sub", g.Op("Sub", x, C(g, 2, 3)), D(g))),
        Case("Sub from, Add", "Sub", (g, x) => g.Op("Add", g.Op("Sub", C(g, 3), x), D(g))),
        Case("Add, Sub from", "Sub", (g, x) => g.Op("Sub", D(g), g.Op("Add", x, C(g, 3)))),
        Case("Sub from, Sub from", "Add", (g, x) => g.Op("Sub", D(g), g.Op("Sub", C(g, 3), x))),
        Case("three in a row", "Mul", (g, x) =>
            g.Op("Mul", g.Op("Div", g.Op("Mul", x, C(g, 3)), D(g)), g.Weight("e", Numbers.Positive(5, 1)))),
        Case("one number of more axes", "Add", (g, x) => g.Op("Add", g.Op("Add", x, g.Weight("c", Numbers.Positive(3, 1, 1, 1))), D(g))),
    ];

    [TestCaseSource(nameof(Pairs))]
    public void Merges(string left, Func<GraphBuilder, Value, Value> pair) => PassTester.Run(Pass, Build(pair)).Leaves(left);

    private static IEnumerable<TestCaseData> Refusals =>
    [
        Refusal("different shapes", "different shapes", (g, x) =>
            g.Op("Mul", g.Op("Mul", x, C(g, 3)), g.Weight("d", Numbers.Positive(4, 2, 1)))),
        Refusal("one number would lose its axes", "different shapes", (g, x) =>
            g.Op("Mul", g.Op("Mul", x, C(g, 3)), g.Weight("d", Numbers.Positive(4, 1, 1, 1)))),
        Refusal("read twice", "other readers", (g, x) =>
        {
            var first = g.Op("Mul", x, C(g));
            return g.Op("Add", first, g.Op("Mul", first, D(g)));
        }),
        Refusal("a constant that another reads", "a second copy", (g, x) =>
            g.Op("Add", g.Op("Mul", g.Op("Mul", x, C(g, 3)), D(g)), C(g, 3))),
        Refusal("rounding to whole numbers", "perhaps to round", (g, x) =>
            g.Op("Sub", g.Op("Add", x, Number(g, "magic", 8388608)), Number(g, "magic", 8388608))),
        Refusal("too large", "too large or too small", (g, x) => g.Op("Mul", g.Op("Mul", x, Number(g, "c", 1e30f)), Number(g, "d", 1e30f))),
        Refusal("too small", "too large or too small", (g, x) =>
            g.Op("Mul", g.Op("Mul", x, Number(g, "c", 1e-30f)), Number(g, "d", 1e-30f))),
        Refusal("half of a Gelu", "belongs to an activation", (g, x) =>
            g.Op("Mul", g.Op("Mul", g.Op("Mul", x, g.Op("Add", g.Op("Erf", x), Number(g, "one", 1))), Number(g, "half", 0.5f)), D(g))),
    ];

    [TestCaseSource(nameof(Refusals))]
    public void Refuses(string reason, Func<GraphBuilder, Value, Value> pair) => PassTester.Run(Pass, Build(pair)).Refuses(reason);

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Case("a factor of a sum", "", (g, x) => g.Op("Mul", g.Op("Add", x, C(g)), D(g))),
        Case("a constant divided", "", (g, x) => g.Op("Div", D(g), g.Op("Mul", x, C(g)))),
        Case("nothing at all", "", (g, x) =>
            g.Op("Mul", g.Op("Mul", g.Op("Reshape", x, g.Int64s("column", 6, 1)), g.Initializer("c", [0])), g.Initializer("d", [0]))),
        Case("two activations", "", (g, x) => g.Op("Mul", g.Op("Mul", x, x), D(g))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(string left, Func<GraphBuilder, Value, Value> pair)
    {
        Assert.That(left, Is.Empty);
        PassTester.Run(Pass, Build(pair)).Ignores();
    }

    [Test]
    public void Whole_numbers_wrap_around_and_stay()
    {
        var g = new GraphBuilder();
        var c = g.Weight("c", Tensor.Create([], 3L));
        g.Output("y", g.Op("Div", g.Op("Mul", g.Input("x", DataType.Int64, 2), c), g.Weight("d", Tensor.Create([], 2L))));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value C(GraphBuilder g, params long[] shape) => g.Weight("c", Numbers.Positive(3, shape));

    private static Value D(GraphBuilder g) => g.Weight("d", Numbers.Positive(4));

    private static Value Number(GraphBuilder g, string name, float value) => g.Weight(name, Tensor.Create([], value));

    private static OnnxModel Build(Func<GraphBuilder, Value, Value> pair)
    {
        var g = new GraphBuilder();
        g.Output("y", pair(g, g.Input("x", Matrix)));
        return g.Build();
    }

    private static TestCaseData Case(string name, string left, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(left, build).SetArgDisplayNames(name);

    private static TestCaseData Refusal(string name, string reason, Func<GraphBuilder, Value, Value> build) =>
        new TestCaseData(reason, build).SetArgDisplayNames(name);
}
