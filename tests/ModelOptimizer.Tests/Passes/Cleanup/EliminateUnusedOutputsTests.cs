using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Cleanup;

public sealed class EliminateUnusedOutputsTests
{
    private static readonly EliminateUnusedOutputs Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => Lstm(g, x).Output(1), new(DataType.Float, Shape.Of(4, 1, 2)), opsets: [17, 9, 11, 14],
        mayRewriteOverridable: true);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(0, 1)]
    [TestCase(1, 2)]
    [TestCase(2, 3)]
    public void An_unused_output_is_left_out_wherever_it_stands(int used, int left)
    {
        var g = new GraphBuilder();
        g.Output("y", Lstm(g, g.Input("x", DataType.Float, 4, 1, 2)).Output(used));

        var lstm = PassTester.Run(Pass, g.Build()).Leaves("LSTM").Model.Graph.Nodes.First!;

        Assert.That(lstm.Outputs, Has.Count.EqualTo(left));
        Assert.That(lstm.Outputs.Count(output => output is not null), Is.EqualTo(1));
    }

    [Test]
    public void Outputs_that_the_operator_must_make_stay()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 4, 6);
        g.Output("y", g.Node("TopK", [x, g.Int64s("k", 2)], outputs: 2).Output());
        g.Output("z", g.Node("MaxPool", [g.Input("image", DataType.Float, 1, 1, 4, 4)], outputs: 2, ("kernel_shape", new long[] { 2, 2 })).Output(1));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    private static Node Lstm(GraphBuilder g, Value x) => g.Node("LSTM",
        [x, g.Weight("w", Tensor.Create([1, 4, 2], 1f, 2, 3, 4, 5, 6, 7, 8)), g.Weight("r", Tensor.Create([1, 4, 1], 1f, 2, 3, 4))], outputs: 3, ("hidden_size", 1L));
}
