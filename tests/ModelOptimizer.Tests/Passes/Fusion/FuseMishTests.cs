using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseMishTests
{
    private static readonly FuseMish Pass = new(new FuseOptions());

    private static IEnumerable<TestCaseData> Rows =>
        StandardRows.Of((g, x) => g.Op("Mul", x, g.Op("Tanh", g.Op("Softplus", x))), Formula.Image, opsets: [18, 21, 22]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void An_opset_without_the_operator_is_told() =>
        PassTester.Run(Pass, Formula.Model((g, x) => g.Op("Mul", g.Op("Tanh", g.Op("Softplus", x)), x)))
            .Refuses("upgrade-opset to 18 would do");

    [Test]
    public void Another_value_stays() =>
        PassTester.Run(Pass, Formula.Model((g, x) => g.Op("Mul", g.Op("Abs", x), g.Op("Tanh", g.Op("Softplus", x))), opset: 18)).Ignores();
}
