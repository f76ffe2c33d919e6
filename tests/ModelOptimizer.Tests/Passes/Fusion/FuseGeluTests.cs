using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseGeluTests
{
    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));
    private static readonly FuseGelu Standard = new(new FuseOptions());
    private static readonly FuseGelu Contrib = new(new FuseOptions { Format = FusionFormat.Contrib });

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Exported, Matrix, opsets: [20, 21, 24]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Standard, row);

    private static IEnumerable<TestCaseData> ContribRows => StandardRows.Of(Exported, Matrix, opsets: [14, 9, 17]);

    [TestCaseSource(nameof(ContribRows))]
    public void Standard_rows_with_contrib_operators(StandardRow row) => PassTester.Run(Contrib, row);

    private static IEnumerable<TestCaseData> Forms =>
    [
        Case("x · 0.5 · (1 + erf)", (g, x) => g.Op("Mul", g.Op("Mul", x, Half(g)), OnePlusErf(g, x))),
        Case("x · (1 + erf) · 0.5", (g, x) => g.Op("Mul", g.Op("Mul", x, OnePlusErf(g, x)), Half(g))),
        Case("0.5 · (x · (erf + 1))", (g, x) => g.Op("Mul", Half(g), g.Op("Mul", x, OnePlusErf(g, x)))),
        Case("x · (0.5 · (1 + erf))", (g, x) => g.Op("Mul", x, g.Op("Mul", Half(g), OnePlusErf(g, x)))),
        Case("x · (0.5 · erf + 0.5)", (g, x) => g.Op("Mul", x, g.Op("Add", g.Op("Mul", Erf(g, x), Half(g)), Half(g)))),
        Case("√2 with four digits", (g, x) => g.Op("Mul", g.Op("Mul", x, OnePlusErf(g, x, 1.4142f)), Half(g))),
        Case("√½ as a factor", (g, x) =>
            g.Op("Mul", g.Op("Mul", x, g.Op("Add", One(g), g.Op("Erf", g.Op("Mul", x, Number(g, 0.70710678f))))), Half(g))),
    ];

    [TestCaseSource(nameof(Forms))]
    public void Understands(Func<GraphBuilder, Value, Value> form) => PassTester.Run(Standard, Model(form)).Leaves("Gelu");

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Case("another divisor", (g, x) => g.Op("Mul", g.Op("Mul", x, OnePlusErf(g, x, 1.41f)), Half(g))),
        Case("another factor", (g, x) => g.Op("Mul", g.Op("Mul", x, OnePlusErf(g, x)), Number(g, 0.6f))),
        Case("another value outside", (g, x) => g.Op("Mul", g.Op("Mul", g.Op("Abs", x), OnePlusErf(g, x)), Half(g))),
        Case("a difference", (g, x) => g.Op("Mul", g.Op("Mul", x, g.Op("Sub", One(g), Erf(g, x))), Half(g))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> form) => PassTester.Run(Standard, Model(form)).Ignores();

    [Test]
    public void Half_precision()
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", DataType.Float16, 2, 3);
        var erf = g.Op("Erf", g.Op("Div", x, g.Initializer("c", Tensor.Create(DataType.Float16, [], [(Half)Math.Sqrt(2)]))));
        var sum = g.Op("Add", erf, g.Initializer("one", Tensor.Create(DataType.Float16, [], [(Half)1])));
        g.Output("y", g.Op("Mul", g.Op("Mul", x, sum), g.Initializer("half", Tensor.Create(DataType.Float16, [], [(Half)0.5]))));

        PassTester.Run(Standard, g.Build(), tolerance: new Tolerance(2e-3)).Leaves("Gelu");
    }

    [Test]
    public void An_opset_without_the_operator_is_told() => PassTester.Run(Standard, Model(Exported, opset: 17))
        .Refuses("opset 17 has no Gelu: upgrade-opset to 20 or format: contrib would do");

    [Test]
    public void A_part_that_is_an_output_stays()
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Matrix);
        var sum = OnePlusErf(g, x);
        g.Output("sum", sum);
        g.Output("y", g.Op("Mul", g.Op("Mul", x, sum), Half(g)));

        PassTester.Run(Standard, g.Build()).Refuses("within is read elsewhere too");
    }

    [Test]
    public void A_part_that_is_read_by_another_node_stays()
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Matrix);
        var sum = OnePlusErf(g, x);
        g.Output("z", g.Op("Abs", sum));
        g.Output("y", g.Op("Mul", g.Op("Mul", x, sum), Half(g)));

        PassTester.Run(Standard, g.Build()).Refuses("within is read elsewhere too");
    }

    [Test]
    public void A_number_that_adds_an_axis_is_refused()
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Matrix);
        g.Output("y", g.Op("Mul", g.Op("Mul", x, OnePlusErf(g, x)), g.Initializer("half", [1, 1, 1], 0.5f)));

        PassTester.Run(Standard, g.Build()).Refuses("may add axes");
    }

    [Test]
    public void A_number_of_the_inputs_rank_is_fine()
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Matrix);
        g.Output("y", g.Op("Mul", g.Op("Mul", x, OnePlusErf(g, x)), g.Initializer("half", [1], 0.5f)));

        PassTester.Run(Standard, g.Build()).Leaves("Gelu");
    }

    [Test]
    public void What_a_body_reads_from_outside_is_computed_there()
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Matrix);
        var erf = Erf(g, x);
        g.Output("y", g.If(g.Input("c", DataType.Bool),
            then => [then.Op("Mul", then.Op("Mul", x, then.Op("Add", erf, One(then))), Half(then))],
            otherwise => [otherwise.Op("Abs", x)]).Output());

        PassTester.Run(Standard, g.Build()).Ignores();
    }

    [Test]
    public void The_domain_is_imported()
    {
        var test = PassTester.Run(Contrib, Model(Exported, opset: 14));

        Assert.That(test.Model.OpsetImports, Does.ContainKey("com.microsoft"));
        Assert.That(GraphWalker.Nodes(test.Model).Single().Domain, Is.EqualTo("com.microsoft"));
    }

    /// <summary>As PyTorch's exporters spell it.</summary>
    private static Value Exported(GraphBuilder g, Value x)
    {
        var erf = g.Op("Erf", g.Op("Div", x, g.Weight("root", Tensor.Create([], 1.41421354f))));
        return g.Op("Mul", g.Op("Mul", x, g.Op("Add", erf, g.Weight("one", Tensor.Create([], 1f)))),
            g.Weight("half", Tensor.Create([], 0.5f)));
    }

    private static Value OnePlusErf(GraphBuilder g, Value x, float root = 1.41421354f) => g.Op("Add", Erf(g, x, root), One(g));

    private static Value Erf(GraphBuilder g, Value x, float root = 1.41421354f) => g.Op("Erf", g.Op("Div", x, Number(g, root)));

    private static Value One(GraphBuilder g) => Number(g, 1);

    private static Value Half(GraphBuilder g) => Number(g, 0.5f);

    private static Value Number(GraphBuilder g, float number) => g.Initializer("number", [], number);

    private static OnnxModel Model(Func<GraphBuilder, Value, Value> form, long opset = 20)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", form(g, g.Input("x", Matrix)));
        return g.Build();
    }

    private static TestCaseData Case(string name, Func<GraphBuilder, Value, Value> form) => new TestCaseData(form).SetArgDisplayNames(name);
}
