using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseRmsNormalizationTests
{
    private static readonly TensorType Cube = new(DataType.Float, Shape.Of(2, 3, 4));
    private static readonly FuseRmsNormalization Standard = new(new FuseOptions());
    private static readonly FuseRmsNormalization Contrib = new(new FuseOptions { Format = FusionFormat.Contrib });

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Exported, Cube, opsets: [23, 24]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Standard, row);

    // There the runtime crashes on an operator of its own in the standard domain.
    private static IEnumerable<TestCaseData> ContribRows => StandardRows.Of(Exported, Cube, opsets: [16, 11, 18])
        .Where(row => row.Arguments[0]!.ToString() is not "in a function");

    [Test]
    public void Functions_get_no_operator_that_the_runtime_adds_to_the_standard_domain()
    {
        var g = new GraphBuilder(16) { Weights = Testing.WeightForm.ConstantNode };
        g.Function("local", "Pattern", 1, (f, inputs) => [Exported(f, inputs[0])]);
        g.Output("y", g.Op("local.Pattern", g.Input("x", Cube)));

        PassTester.Run(Contrib, g.Build()).Refuses("inside a function");
    }

    [TestCaseSource(nameof(ContribRows))]
    public void Standard_rows_with_contrib_operators(StandardRow row) => PassTester.Run(Contrib, row);

    private static IEnumerable<TestCaseData> Forms =>
    [
        Case("a reciprocal", (g, x) => g.Op("Mul", Scale(g), g.Op("Mul", x, g.Op("Reciprocal", Root(g, x))))),
        Case("one divided by the root", (g, x) => g.Op("Mul", Scale(g), g.Op("Mul", x, g.Op("Div", Number(g, 1), Root(g, x))))),
        Case("a quotient", (g, x) => g.Op("Mul", g.Op("Div", x, Root(g, x)), Scale(g))),
        Case("the scale in the reciprocal", (g, x) => g.Op("Mul", x, g.Op("Mul", g.Op("Reciprocal", Root(g, x)), Scale(g)))),
        Case("the power of -1/2", (g, x) => g.Op("Mul", g.Op("Mul", x, g.Op("Pow", MeanSquare(g, x), Number(g, -0.5f))), Scale(g))),
        Case("no scale", (g, x) => g.Op("Div", x, Root(g, x))),
    ];

    [TestCaseSource(nameof(Forms))]
    public void Understands(Func<GraphBuilder, Value, Value> form) => PassTester.Run(Standard, Model(form)).Leaves("RMSNormalization");

    [Test]
    public void A_factor_of_another_shape_stays_a_multiplication() =>
        PassTester.Run(Standard, Model((g, x) => g.Op("Mul", g.Op("Div", x, Root(g, x)), g.Initializer("factor", [3, 1], 1, 2, 3))))
            .Leaves("RMSNormalization", "Mul");

    [Test]
    public void A_mean_over_another_axis_is_refused()
    {
        var g = new GraphBuilder(23);
        var x = g.Input("x", Cube);
        var mean = g.Op("ReduceMean", g.Op("Mul", x, x), g.Int64s("axes", 1));
        g.Output("y", g.Op("Div", x, g.Op("Sqrt", g.Op("Add", mean, Number(g, 1e-6f)))));

        PassTester.Run(Standard, g.Build()).Refuses("its mean is not known to be that over the last axes");
    }

    [Test]
    public void Another_value_divided_is_no_normalization() =>
        PassTester.Run(Standard, Model((g, x) => g.Op("Div", g.Op("Abs", x), Root(g, x)))).Ignores();

    [Test]
    public void An_opset_without_the_operator_is_told() => PassTester.Run(Standard, Model(Exported, opset: 18))
        .Refuses("opset 18 has no RMSNormalization: upgrade-opset to 23 or format: contrib would do");

    /// <summary>As exporters write LLaMA's.</summary>
    private static Value Exported(GraphBuilder g, Value x)
    {
        var mean = Mean(g, g.Op("Pow", x, g.Weight("two", Tensor.Create([], 2f))));
        var root = g.Op("Sqrt", g.Op("Add", mean, g.Weight("epsilon", Tensor.Create([], 1e-6f))));
        return g.Op("Mul", g.Weight("scale", Tensor.Create([4], 1f, 0.5f, -1f, 2f)), g.Op("Mul", x, g.Op("Reciprocal", root)));
    }

    private static Value Root(GraphBuilder g, Value x) => g.Op("Sqrt", MeanSquare(g, x));

    private static Value MeanSquare(GraphBuilder g, Value x) => g.Op("Add", Mean(g, g.Op("Mul", x, x)), Number(g, 1e-6f));

    private static Value Mean(GraphBuilder g, Value x) => g.Opset >= 18
        ? g.Op("ReduceMean", x, g.Weight("axes", Tensor.Create([1], -1L)))
        : g.Op("ReduceMean", [x], ("axes", new long[] { -1 }));

    private static Value Scale(GraphBuilder g) => g.Initializer("scale", [4], 1, 0.5f, -1, 2);

    private static Value Number(GraphBuilder g, float number) => g.Initializer("number", [], number);

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> form, long opset = 23)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", form(g, g.Input("x", Cube)));
        return g.Build();
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> form) => new TestCaseData(form).SetArgDisplayNames(name);
}
