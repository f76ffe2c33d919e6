using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.ControlFlow;

public sealed class EliminateUnusedBranchOutputsTests
{
    private static readonly EliminateUnusedBranchOutputs Pass = new();

    private static readonly TensorType Vector = new(DataType.Float, Shape.Of(3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Three(g, g.Weight("c", Tensor.Create(DataType.Bool, [], [true])), x).Output(1),
        Vector, opsets: [17, 9, 11, 13], mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void Both_branches_lose_the_slots_that_nothing_reads()
    {
        var g = new GraphBuilder();
        var choice = Three(g, g.Input("c", DataType.Bool), g.Input("x", Vector));
        g.Output("y", choice.Output(2));

        var node = PassTester.Run(Pass, g.Build()).Model.Graph.Nodes.First!;

        Assert.That(node.Outputs, Has.Count.EqualTo(1));
        Assert.That(node.Bodies.Select(body => body.Graph.Outputs.Single().Value.Producer!.OpType), Is.EqualTo(new[] { "Neg", "Sqrt" }));
    }

    [Test]
    public void An_If_that_nothing_reads_is_left_to_others()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Vector);
        Three(g, g.Input("c", DataType.Bool), x);
        g.Output("y", g.Op("Exp", x));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Node Three(GraphBuilder g, Value condition, Value x) => g.If(condition,
        then => [then.Op("Relu", x), then.Op("Exp", x), then.Op("Neg", x)],
        otherwise => [otherwise.Op("Abs", x), otherwise.Op("Sign", x), otherwise.Op("Sqrt", otherwise.Op("Abs", x))]);
}
