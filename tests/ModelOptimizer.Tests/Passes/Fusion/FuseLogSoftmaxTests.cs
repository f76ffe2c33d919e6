using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseLogSoftmaxTests
{
    private static readonly FuseLogSoftmax Pass = new(new FuseOptions());

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Log", g.Op("Softmax", [x], ("axis", 1))),
        Formula.Image,
        opsets: [17, 9, 12, 13, 22], missingOptional: (g, x) => g.Op("Log", g.Op("Softmax", x)));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(9)]
    [TestCase(13)]
    public void The_default_axis_stays_the_default(long opset) =>
        PassTester.Run(Pass, Formula.Model((g, x) => g.Op("Log", g.Op("Softmax", x)), opset)).Leaves("LogSoftmax");

    [Test]
    public void Probabilities_that_are_an_output_stay()
    {
        var g = new GraphBuilder();
        var softmax = g.Op("Softmax", g.Input("x", Formula.Image));
        g.Output("probabilities", softmax);
        g.Output("y", g.Op("Log", softmax));

        PassTester.Run(Pass, g.Build()).Refuses("within is read elsewhere too");
    }
}
