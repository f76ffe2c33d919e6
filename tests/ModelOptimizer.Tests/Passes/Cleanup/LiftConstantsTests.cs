using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class LiftConstantsTests
{
    private const int Large = 256;

    private static readonly LiftConstants Pass = new();

    private static readonly TensorType Vector = new(DataType.Float, Shape.Of(Large));

    [Test]
    public void A_Constant_node_becomes_an_initializer_of_its_graph()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Vector);
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [then.Op("Add", x, then.Constant(Weight(1, 1)))], otherwise => [otherwise.Constant(Weight(Large, 2))]).Output());
        g.Output("z", g.Constant(Weight(1, 3)));

        var model = PassTester.Run(Pass, g.Build()).Model;

        Assert.That(GraphWalker.Nodes(model).Select(node => node.OpType), Is.EqualTo(new[] { "If", "Add" }));
        Assert.That(GraphWalker.Graphs(model).Select(graph => graph.Initializers.Count), Is.EqualTo(new[] { 1, 1, 1 }));
    }

    [Test]
    public void A_function_keeps_its_Constant_nodes()
    {
        var g = new GraphBuilder();
        g.Function("local", "AddOne", 1, (f, inputs) => [f.Op("Add", inputs[0], f.Constant(Weight(1, 1)))]);
        g.Output("y", g.Op("local.AddOne", g.Input("x", Vector)));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void An_old_model_declares_the_version_that_knows_initializers_apart_from_inputs()
    {
        var g = new GraphBuilder(opset: 8, irVersion: 3);
        g.Output("y", g.Op("Add", g.Input("x", Vector), g.Constant(Weight(1, 1))));

        Assert.That(PassTester.Run(Pass, g.Build()).Model.IrVersion, Is.EqualTo(4));
    }

    [Test]
    public void A_weight_that_both_branches_hold_is_stored_once_outside()
    {
        var g = new GraphBuilder();
        g.Output("y", Branches(g, Weight(Large, 1), Weight(Large, 1)));

        var model = PassTester.Run(Pass, g.Build()).Model;

        Assert.That(model.Graph.Initializers, Has.Count.EqualTo(1));
        Assert.That(model.Graph.Initializers[0].Uses, Has.Count.EqualTo(2));
    }

    [Test]
    public void In_a_function_it_becomes_a_Constant_node_around_the_branches()
    {
        var g = new GraphBuilder();
        g.Function("local", "Choose", 2, (f, inputs) => [Branches(f, inputs[0], inputs[1], Weight(Large, 1), Weight(Large, 1))]);
        g.Output("y", g.Op("local.Choose", g.Input("x", Vector), g.Input("c", DataType.Bool)));

        var function = PassTester.Run(Pass, g.Build()).Model.Functions[0].Body;

        Assert.That(function.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "Constant", "If" }));
    }

    private static IEnumerable<TestCaseData> Apart =>
    [
        new TestCaseData(Weight(Large, 1), Weight(Large, 2)).SetArgDisplayNames("different"),
        new TestCaseData(Weight(1, 1), Weight(1, 1)).SetArgDisplayNames("small"),
    ];

    [TestCaseSource(nameof(Apart))]
    public void Other_weights_stay_where_they_are(Tensor first, Tensor second)
    {
        var g = new GraphBuilder();
        g.Output("y", Branches(g, first, second));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Value Branches(GraphBuilder g, Tensor first, Tensor second) =>
        Branches(g, g.Input("x", Vector), g.Input("c", DataType.Bool), first, second);

    private static Value Branches(GraphBuilder g, Value x, Value condition, Tensor first, Tensor second) => g.If(condition,
        then => [then.Op("Mul", x, then.Initializer("w", first))], otherwise => [otherwise.Op("Add", x, otherwise.Initializer("w", second))]).Output();

    private static Tensor Weight(int length, float value) => Tensor.Create([length], [.. Enumerable.Repeat(value, length)]);
}
