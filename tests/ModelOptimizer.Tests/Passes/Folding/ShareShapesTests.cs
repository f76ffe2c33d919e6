using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Folding;

public sealed class ShareShapesTests
{
    private static readonly ShareShapes Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Add", g.Op("Shape", x), g.Op("Shape", g.Op("Exp", x))), new TensorType(DataType.Float, new Shape(["n", 3])), opsets: [17, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [Test]
    public void The_same_length_of_two_inputs_is_asked_once()
    {
        var g = new GraphBuilder();
        g.Output("y", Length(g, g.Input("x", DataType.Float, "n", 3), 0));
        g.Output("z", g.Op("Neg", Length(g, g.Input("w", DataType.Float, 5, "n"), 1)));

        PassTester.Run(Pass, g.Build()).Leaves("Shape", "Gather", "Shape", "Neg");
    }

    [Test]
    public void Other_symbols_are_other_lengths()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Neg", Length(g, g.Input("x", DataType.Float, "n", 3), 0)));
        g.Output("z", g.Op("Neg", Length(g, g.Input("w", DataType.Float, "m", 3), 0)));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void Words_for_an_unknown_length_are_no_symbols()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Neg", Length(g, g.Input("x", DataType.Float, "?", 3), 0)));
        g.Output("z", g.Op("Neg", Length(g, g.Input("w", DataType.Float, "?", 3), 0)));

        PassTester.Run(Pass, g.Build()).Ignores();
    }

    [Test]
    public void A_value_made_for_the_question_alone_is_not_needed()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n", 3);
        g.Output("y", g.Op("Shape", g.Op("Cast", [g.Op("Exp", x)], ("to", (long)DataType.Double))));

        var test = PassTester.Run(Pass, g.Build());

        Assert.That(test.Model.Graph.Nodes.Last!.Input(0)!.IsGraphInput);
    }

    [Test]
    public void A_branch_reads_from_outside_but_not_from_the_other_branch()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n", 3);
        var outside = g.Op("Neg", Length(g, x, 0));
        g.Output("y", g.If(g.Input("c", DataType.Bool),
            then => [then.Op("Add", Length(then, then.Op("Exp", x), 0), then.Op("Size", x))],
            otherwise => [otherwise.Op("Size", otherwise.Op("Exp", x))]).Output());
        g.Output("z", outside);

        PassTester.Run(Pass, g.Build()).Leaves("Shape", "Gather", "Neg", "If", "Exp", "Size", "Add", "Exp", "Size");
    }

    private static Value Length(GraphBuilder g, Value x, long axis) => g.Op("Gather", g.Op("Shape", x), g.Initializer("axis", Tensor.Create([], axis)));
}
