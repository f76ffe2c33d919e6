using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseQuickGeluTests
{
    private static readonly FuseQuickGelu Contrib = new(new FuseOptions { Format = FusionFormat.Contrib });

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Mul", x, g.Op("Sigmoid", g.Op("Mul", x, g.Weight("alpha", 1.702f)))), Formula.Image, opsets: [17, 9, 13, 24]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Contrib, row);

    [TestCase(1.702f)]
    [TestCase(-0.7f)]
    public void Keeps_the_slope(float slope)
    {
        var test = PassTester.Run(Contrib, Formula.Model((g, x) => g.Op("Mul", g.Op("Sigmoid", g.Op("Mul", g.Number(slope), x)), x)))
            .Leaves("QuickGelu");

        Assert.That(GraphWalker.Nodes(test.Model).Single().Attributes.TryGetFloat("alpha"), Is.EqualTo(slope));
    }

    [Test]
    public void Without_a_slope_it_is_one() => PassTester.Run(Contrib, Formula.Model((g, x) => g.Op("Mul", x, g.Op("Sigmoid", x))))
        .Leaves("QuickGelu");

    [Test]
    public void A_gate_of_another_value_stays() =>
        PassTester.Run(Contrib, Formula.Model((g, x) => g.Op("Mul", g.Op("Abs", x), g.Op("Sigmoid", x)))).Ignores();

    [Test]
    public void The_standard_has_no_such_operator() =>
        PassTester.Run(new FuseQuickGelu(new FuseOptions()), Formula.Model((g, x) => g.Op("Mul", x, g.Op("Sigmoid", x)), opset: 24))
            .Refuses("the standard has no QuickGelu: format: contrib would do");
}
