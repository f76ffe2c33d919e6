using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseClipTests
{
    private static readonly FuseClip Pass = new(new FuseOptions());

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Min", g.Op("Max", x, g.Weight("low", -0.5f)), g.Weight("high", 0.25f)), Formula.Image, opsets: [17, 11, 13, 22]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Forms =>
    [
        Formula.Case("the maximum outside", (g, x) => g.Op("Max", g.Number(-2), g.Op("Min", x, g.Number(6)))),
        Formula.Case("the minimum outside", (g, x) => g.Op("Min", g.Op("Max", x, g.Number(-2)), g.Number(6))),
        Formula.Case("a Relu within", (g, x) => g.Op("Min", g.Op("Relu", x), g.Number(6))),
        Formula.Case("bounds with an axis", (g, x) => g.Op("Min", g.Op("Max", x, g.Initializer("low", [1], -2)),
            g.Initializer("high", [1], 6))),
    ];

    [TestCaseSource(nameof(Forms))]
    public void Understands(Func<GraphBuilder, Value, Value> form) =>
        PassTester.Run(Pass, Formula.Model(form), Formula.WideInput, Tolerance.BitExact).Leaves("Clip");

    [Test]
    public void Bounds_in_the_wrong_order_are_refused() =>
        PassTester.Run(Pass, Formula.Model((g, x) => g.Op("Min", g.Op("Max", x, g.Number(6)), g.Number(2))))
            .Refuses("its bounds leave nothing");

    [Test]
    public void An_opset_with_bounds_as_attributes_is_told() =>
        PassTester.Run(Pass, Formula.Model((g, x) => g.Op("Min", g.Op("Relu", x), g.Number(6)), opset: 10))
            .Refuses("upgrade-opset to 11 would do");

    [Test]
    public void Bounds_of_each_column_stay() =>
        PassTester.Run(Pass, Formula.Model((g, x) => g.Op("Min", g.Op("Relu", x), g.Initializer("high", [4], 1, 2, 3, 4)))).Ignores();
}
