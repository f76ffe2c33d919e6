using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseSoftmaxTests
{
    private static readonly FuseSoftmax Pass = new(new FuseOptions());

    // What a function gets has a rank only once it is called.
    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Softmax(g, x, -1), Formula.Image,
        opsets: [17, 9, 13, 18, 22]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(9)]
    [TestCase(13)]
    public void The_last_axis_counted_from_the_front(long opset) =>
        PassTester.Run(Pass, Formula.Model((g, x) => Softmax(g, x, 2), opset), Formula.WideInput).Leaves("Softmax");

    [Test]
    public void Times_a_reciprocal() => PassTester.Run(Pass, Formula.Model((g, x) =>
    {
        var powers = Powers(g, x, -1);
        return g.Op("Mul", g.Op("Reciprocal", Reduce(g, "ReduceSum", powers, -1)), powers);
    })).Leaves("Softmax");

    [Test]
    public void Another_axis_is_refused() =>
        PassTester.Run(Pass, Formula.Model((g, x) => Softmax(g, x, 1)))
            .Refuses("its maximum and sum are not known to be those over the last axis");

    [Test]
    public void Two_axes_are_refused() => PassTester.Run(Pass, Formula.Model((g, x) =>
    {
        var powers = Powers(g, x, -1);
        return g.Op("Div", powers, Reduce(g, "ReduceSum", powers, -1, -2));
    })).Refuses("its maximum and sum are not known to be those over the last axis");

    [Test]
    public void Without_the_maximum_it_may_overflow() => PassTester.Run(Pass, Formula.Model((g, x) =>
    {
        var powers = g.Op("Exp", x);
        return g.Op("Div", powers, Reduce(g, "ReduceSum", powers, -1));
    })).Ignores();

    private static Value Softmax(GraphBuilder g, Value x, long axis)
    {
        var powers = Powers(g, x, axis);
        return g.Op("Div", powers, Reduce(g, "ReduceSum", powers, axis));
    }

    private static Value Powers(GraphBuilder g, Value x, long axis) => g.Op("Exp", g.Op("Sub", x, Reduce(g, "ReduceMax", x, axis)));

    private static Value Reduce(GraphBuilder g, string opType, Value x, params long[] axes) => g.Opset >= (opType == "ReduceSum" ? 13 : 18)
        ? g.Op(opType, x, g.Constant(Tensor.Create([axes.Length], axes)))
        : g.Op(opType, [x], ("axes", axes));
}
