using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseFastGeluTests
{
    private const float Slope = 0.7978845608f;
    private const float Cubic = 0.044715f;
    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));
    private static readonly FuseFastGelu Standard = new(new FuseOptions());
    private static readonly FuseFastGelu Contrib = new(new FuseOptions { Format = FusionFormat.Contrib });

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Exported, Matrix, opsets: [20, 21, 24]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Standard, row);

    private static IEnumerable<TestCaseData> ContribRows => StandardRows.Of(Exported, Matrix, opsets: [14, 9, 17]);

    [TestCaseSource(nameof(ContribRows))]
    public void Standard_rows_with_contrib_operators(StandardRow row) => PassTester.Run(Contrib, row);

    private static IEnumerable<TestCaseData> Arguments =>
    [
        Case("x + 0.044715 · Pow(x, 3)", (g, x) => Times(g, g.Op("Add", x, Times(g, g.Op("Pow", x, Number(g, 3)), Cubic)), Slope)),
        Case("x + 0.044715 · ((x · x) · x)", (g, x) => Times(g, g.Op("Add", x, Times(g, g.Op("Mul", g.Op("Mul", x, x), x), Cubic)), Slope)),
        Case("x + (x · x) · (0.044715 · x)", (g, x) => Times(g, g.Op("Add", x, g.Op("Mul", g.Op("Mul", x, x), Times(g, x, Cubic))), Slope)),
        Case("(√(2/π) · x) · (1 + (0.044715 · x) · x)", (g, x) =>
            g.Op("Mul", Times(g, x, Slope), g.Op("Add", Number(g, 1), g.Op("Mul", Times(g, x, Cubic), x)))),
        Case("√(2/π) · (x · (1 + 0.044715 · Pow(x, 2)))", (g, x) =>
            Times(g, g.Op("Mul", x, g.Op("Add", Times(g, g.Op("Pow", x, Number(g, 2)), Cubic), Number(g, 1))), Slope)),
        Case("√(2/π) with three digits", (g, x) => Times(g, g.Op("Add", x, Times(g, g.Op("Pow", x, Number(g, 3)), Cubic)), 0.79788f)),
    ];

    [TestCaseSource(nameof(Arguments))]
    public void Understands(Func<GraphBuilder, Value, Value> argument)
    {
        var test = PassTester.Run(Standard, Model(argument)).Leaves("Gelu");

        Assert.That(GraphWalker.Nodes(test.Model).Single().Attributes.TryGetString("approximate"), Is.EqualTo("tanh"));
    }

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Case("another slope", (g, x) => Times(g, g.Op("Add", x, Times(g, g.Op("Pow", x, Number(g, 3)), Cubic)), 0.8f)),
        Case("another coefficient", (g, x) => Times(g, g.Op("Add", x, Times(g, g.Op("Pow", x, Number(g, 3)), 0.0447f)), Slope)),
        Case("a square", (g, x) => Times(g, g.Op("Add", x, Times(g, g.Op("Pow", x, Number(g, 2)), Cubic)), Slope)),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> argument) => PassTester.Run(Standard, Model(argument)).Ignores();

    [Test]
    public void An_opset_without_the_operator_is_told() =>
        PassTester.Run(Standard, Model((g, x) => Times(g, g.Op("Add", x, Times(g, g.Op("Pow", x, Number(g, 3)), Cubic)), Slope), opset: 17))
            .Refuses("opset 17 has no Gelu: upgrade-opset to 20 or format: contrib would do");

    [Test]
    public void A_scalar_is_nothing_for_the_contrib_operator()
    {
        var g = new GraphBuilder();
        g.Output("y", Exported(g, g.Input("x", DataType.Float)));

        PassTester.Run(Contrib, g.Build()).Refuses("takes no scalars");
    }

    /// <summary>As GPT-2 spells it.</summary>
    private static Value Exported(GraphBuilder g, Value x)
    {
        var cubic = g.Op("Mul", Weight(g, "cubic", Cubic), g.Op("Pow", x, Weight(g, "three", 3)));
        var tanh = g.Op("Tanh", g.Op("Mul", g.Op("Add", x, cubic), Weight(g, "slope", Slope)));
        return g.Op("Mul", g.Op("Mul", x, Weight(g, "half", 0.5f)), g.Op("Add", tanh, Weight(g, "one", 1)));
    }

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> argument, long opset = 20)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", Matrix);
        g.Output("y", g.Op("Mul", Times(g, x, 0.5f), g.Op("Add", g.Op("Tanh", argument(g, x)), Number(g, 1))));
        return g.Build();
    }

    private static Value Times(GraphBuilder g, Value x, float number) => g.Op("Mul", x, Number(g, number));

    private static Value Number(GraphBuilder g, float number) => g.Initializer("number", [], number);

    private static Value Weight(GraphBuilder g, string name, float number) => g.Weight(name, Tensor.Create([], number));

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> argument) =>
        new TestCaseData(argument).SetArgDisplayNames(name);
}
