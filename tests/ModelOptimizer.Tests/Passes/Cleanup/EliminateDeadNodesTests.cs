using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class EliminateDeadNodesTests
{
    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(DeadChain, new(DataType.Float, Shape.Of(2, 3)), opsets: [17, 8, 13],
        missingOptional: (g, x) =>
        {
            g.Op("Clip", x, null, g.Weight("max", Tensor.Create([], 1f)));
            return x;
        }, mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(new EliminateDeadNodes(), row);

    [Test]
    public void Takes_a_chain_with_its_weights_and_keeps_what_is_read()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 3);
        g.Output("y", g.Op("Relu", DeadChain(g, x)));

        var test = PassTester.Run(new EliminateDeadNodes(), g.Build()).Leaves("Neg", "Relu");

        Assert.That(test.Initializers, Is.Empty);
        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(3));
    }

    [Test]
    public void Keeps_inputs_and_initializers_that_callers_may_feed()
    {
        var g = new GraphBuilder();
        g.Input("unused", DataType.Float, 2);
        g.InputWithDefault("w", Tensor.Create([1], 1f));
        g.Output("y", g.Op("Relu", g.Input("x", DataType.Float, 2)));

        PassTester.Run(new EliminateDeadNodes(), g.Build()).Ignores();
    }

    [Test]
    public void Takes_unused_initializers_that_are_inputs_only_because_the_file_is_old()
    {
        var g = new GraphBuilder(opset: 8, irVersion: 3);
        g.InputWithDefault("w", Tensor.Create([1], 1f));
        g.Output("y", g.Op("Relu", g.Input("x", DataType.Float, 2)));

        var test = PassTester.Run(new EliminateDeadNodes(), g.Build());

        Assert.That(test.Model.Graph.Inputs.Select(input => input.Name), Is.EqualTo(new[] { "x" }));
        Assert.That(test.Model.IrVersion, Is.EqualTo(3));
    }

    [Test]
    public void What_only_a_dead_body_read_is_dead_too()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2);
        var outside = g.Op("Abs", x);
        g.If(g.Input("c", DataType.Bool), then => [then.Op("Neg", outside)], otherwise => [otherwise.Op("Relu", outside)]);
        g.Output("y", g.Op("Exp", x));

        PassTester.Run(new EliminateDeadNodes(), g.Build()).Leaves("Exp");
    }

    /// <summary>A random node may go as well: nobody sees what it draws.</summary>
    [Test]
    public void Randomness_does_not_keep_a_node()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2);
        g.Op("RandomNormalLike", x);
        g.Output("y", g.Op("Exp", x));

        PassTester.Run(new EliminateDeadNodes(), g.Build()).Leaves("Exp");
    }

    private static Value DeadChain(GraphBuilder g, Value x)
    {
        g.Op("Abs", g.Op("Add", x, g.Weight("w", Tensor.Create([1], 2f))));
        return g.Op("Neg", x);
    }
}
