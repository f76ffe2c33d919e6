using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseHardSigmoidTests
{
    private static readonly FuseHardSigmoid Pass = new(new FuseOptions());

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Exported, Formula.Image, opsets: [17, 11, 13, 22]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Forms =>
    [
        Formula.Case("times a sixth", (g, x) => g.Op("Mul", Clip(g, g.Op("Add", x, g.Number(3)), 6), g.Number(1f / 6))),
        Formula.Case("a slope", (g, x) => Clip(g, g.Op("Add", g.Op("Mul", x, g.Number(0.2f)), g.Number(0.5f)), 1)),
        Formula.Case("a divisor", (g, x) => Clip(g, g.Op("Add", g.Number(0.5f), g.Op("Div", x, g.Number(6))), 1)),
    ];

    [TestCaseSource(nameof(Forms))]
    public void Understands(Func<GraphBuilder, Value, Value> form) =>
        PassTester.Run(Pass, Formula.Model(form), Formula.WideInput).Leaves("HardSigmoid");

    [Test]
    public void Understands_bounds_as_attributes() => PassTester.Run(Pass, Formula.Model((g, x) =>
        g.Op("Div", g.Op("Clip", [g.Op("Add", x, g.Number(3))], ("min", 0f), ("max", 6f)), g.Number(6)), opset: 9),
            Formula.WideInput).Leaves("HardSigmoid");

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Formula.Case("another shift", (g, x) => g.Op("Div", Clip(g, g.Op("Add", x, g.Number(2)), 6), g.Number(6))),
        Formula.Case("another bound", (g, x) => g.Op("Div", Clip(g, g.Op("Add", x, g.Number(3)), 5), g.Number(6))),
        Formula.Case("another divisor", (g, x) => g.Op("Div", Clip(g, g.Op("Add", x, g.Number(3)), 6), g.Number(5))),
        Formula.Case("no upper bound", (g, x) => g.Op("Div", g.Op("Clip", g.Op("Add", x, g.Number(3)), g.Number(0)), g.Number(6))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> form) => PassTester.Run(Pass, Formula.Model(form)).Ignores();

    private static Value Exported(GraphBuilder g, Value x) =>
        g.Op("Div", g.Op("Clip", g.Op("Add", x, g.Weight("three", 3)), g.Weight("zero", 0), g.Weight("six", 6)), g.Weight("divisor", 6));

    private static Value Clip(GraphBuilder g, Value x, float high) => g.Op("Clip", x, g.Number(0), g.Number(high));
}
