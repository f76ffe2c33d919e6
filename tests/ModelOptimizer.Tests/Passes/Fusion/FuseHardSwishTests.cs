using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseHardSwishTests
{
    private static readonly FuseHardSwish Pass = new(new FuseOptions());

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Exported, Formula.Image, opsets: [17, 11, 14, 22]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Forms =>
    [
        Formula.Case("(x · clip) / 6", (g, x) => g.Op("Div", g.Op("Mul", x, Clipped(g, x)), g.Number(6))),
        Formula.Case("x · (clip / 6)", (g, x) => g.Op("Mul", x, g.Op("Div", Clipped(g, x), g.Number(6)))),
        Formula.Case("clip · (x / 6)", (g, x) => g.Op("Mul", Clipped(g, x), g.Op("Div", x, g.Number(6)))),
        Formula.Case("x · (clip · 0.16667)", (g, x) => g.Op("Mul", x, g.Op("Mul", Clipped(g, x), g.Number(0.16667f)))),
        Formula.Case("x · HardSigmoid(x)", (g, x) => g.Op("Mul", g.Op("HardSigmoid", [x], ("alpha", 0.1666667f), ("beta", 0.5f)), x)),
    ];

    [TestCaseSource(nameof(Forms))]
    public void Understands(Func<GraphBuilder, Value, Value> form) =>
        PassTester.Run(Pass, Formula.Model(form), Formula.WideInput).Leaves("HardSwish");

    [Test]
    public void Older_opsets_get_a_product() => PassTester.Run(Pass,
        Formula.Model((g, x) => g.Op("Div", g.Op("Mul", x, Clipped(g, x)), g.Number(6)), opset: 13),
        Formula.WideInput).Leaves("HardSigmoid", "Mul");

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Formula.Case("another slope", (g, x) => g.Op("Mul", g.Op("HardSigmoid", [x], ("alpha", 0.2f), ("beta", 0.5f)), x)),
        Formula.Case("another factor", (g, x) => g.Op("Mul", g.Op("Abs", x), g.Op("Div", Clipped(g, x), g.Number(6)))),
        Formula.Case("no divisor", (g, x) => g.Op("Mul", x, Clipped(g, x))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> form) => PassTester.Run(Pass, Formula.Model(form)).Ignores();

    [Test]
    public void A_gate_that_is_read_elsewhere_stays()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Formula.Image);
        var gate = g.Op("Div", Clipped(g, x), g.Number(6));
        g.Output("gate", gate);
        g.Output("y", g.Op("Mul", x, gate));

        PassTester.Run(Pass, g.Build()).Refuses("within is read elsewhere too");
    }

    private static Value Exported(GraphBuilder g, Value x)
    {
        var gate = g.Op("Clip", g.Op("Add", x, g.Weight("three", 3)), g.Weight("zero", 0), g.Weight("six", 6));
        return g.Op("Div", g.Op("Mul", x, gate), g.Weight("divisor", 6));
    }

    private static Value Clipped(GraphBuilder g, Value x) => g.Op("Clip", g.Op("Add", x, g.Number(3)), g.Number(0), g.Number(6));
}
