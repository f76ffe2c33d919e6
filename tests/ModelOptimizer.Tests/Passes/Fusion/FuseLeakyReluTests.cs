using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseLeakyReluTests
{
    private static readonly FuseLeakyRelu Pass = new(new FuseOptions());

    private static IEnumerable<TestCaseData> Rows =>
        StandardRows.Of((g, x) => g.Op("Max", x, g.Op("Mul", x, g.Weight("alpha", 0.1f))), Formula.Image, opsets: [17, 8, 13, 22]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Forms =>
    [
        Formula.Case("the slope first", (g, x) => g.Op("Max", g.Op("Mul", g.Number(0.2f), x), x)),
        Formula.Case("where positive", (g, x) => g.Op("Where", g.Op("Greater", x, g.Number(0)), x, g.Op("Mul", x, g.Number(3)))),
        Formula.Case("where not negative", (g, x) => g.Op("Where", g.Op("GreaterOrEqual", x, g.Number(0)), x,
            g.Op("Mul", x, g.Number(-0.5f)))),
        Formula.Case("where negative", (g, x) => g.Op("Where", g.Op("Less", x, g.Number(0)), g.Op("Mul", x, g.Number(0.01f)), x)),
    ];

    [TestCaseSource(nameof(Forms))]
    public void Understands(Func<GraphBuilder, Value, Value> form) =>
        PassTester.Run(Pass, Formula.Model(form), Formula.WideInput, Tolerance.BitExact).Leaves("LeakyRelu");

    [TestCase(1.5f)]
    [TestCase(-0.1f)]
    [TestCase(0f)]
    public void A_slope_that_a_maximum_can_not_have_is_refused(float slope) =>
        PassTester.Run(Pass, Formula.Model((g, x) => g.Op("Max", x, g.Op("Mul", x, g.Number(slope)))), Formula.WideInput)
            .Refuses("for factors above 0 and up to 1 only");

    private static IEnumerable<TestCaseData> Strangers =>
    [
        Formula.Case("branches the other way round", (g, x) => g.Op("Where", g.Op("Greater", x, g.Number(0)), g.Op("Mul", x, g.Number(3)),
            x)),
        Formula.Case("another threshold", (g, x) => g.Op("Where", g.Op("Greater", x, g.Number(1)), x, g.Op("Mul", x, g.Number(3)))),
        Formula.Case("a slope for each column", (g, x) => g.Op("Max", x,
            g.Op("Mul", x, g.Initializer("slope", [4], 0.1f, 0.2f, 0.3f, 0.4f)))),
        Formula.Case("another value", (g, x) => g.Op("Max", x, g.Op("Mul", g.Op("Abs", x), g.Number(0.1f)))),
    ];

    [TestCaseSource(nameof(Strangers))]
    public void Leaves_alone(Func<GraphBuilder, Value, Value> form) => PassTester.Run(Pass, Formula.Model(form)).Ignores();
}
