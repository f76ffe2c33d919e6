using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Folding;

public sealed class FoldShapeTests
{
    private static readonly TensorType Matrix = new(DataType.Float, Shape.Of(2, 3));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("Shape", g.Op("Exp", x)), Matrix, opsets: [17, 8, 13]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(new FoldShape(), row);

    [Test]
    public void What_nobody_reads_is_left_to_others()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Matrix);
        g.Op("Shape", x);
        g.Output("y", g.Op("Exp", x));

        PassTester.Run(new FoldShape(), g.Build()).Ignores();
    }

    [Test]
    public void A_part_of_the_shape()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Shape", [g.Op("Exp", g.Input("x", DataType.Float, "n", 3, 4))], ("start", -2)));

        var test = PassTester.Run(new FoldShape(), g.Build()).Leaves("Exp");

        Assert.That(test.Initializers.Single().Constant!.AsSpan<long>().ToArray(), Is.EqualTo(new long[] { 3, 4 }));
    }

    [Test]
    public void The_number_of_elements()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Size", g.Op("Exp", g.Input("x", Matrix))));

        var test = PassTester.Run(new FoldShape(), g.Build()).Leaves("Exp");

        Assert.That(test.Initializers.Single().Constant!.AsSpan<long>().ToArray(), Is.EqualTo(new long[] { 6 }));
    }

    [TestCase(1, true)]
    [TestCase(-1, true)]
    [TestCase(0, false)]
    public void One_length_of_a_shape_that_is_partly_known(int index, bool isKnown)
    {
        var g = new GraphBuilder();
        var shape = g.Op("Shape", g.Input("x", DataType.Float, "n", 3));
        g.Output("y", g.Op("Gather", shape, g.Initializer("index", Tensor.Create([], (long)index))));

        PassTester.Run(new FoldShape(), g.Build()).Leaves(isKnown ? ["Shape"] : ["Shape", "Gather"]);
    }

    [Test]
    public void Symbols_stay_questions()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Shape", g.Input("x", DataType.Float, "n", 3)));

        PassTester.Run(new FoldShape(), g.Build()).Ignores();
    }

    [Test]
    public void What_is_computed_from_lengths_goes_whole()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n", 6);
        var quotient = g.Op("Div", g.Op("Size", x), g.Op("Gather", g.Op("Shape", x), g.Initializer("zero", Tensor.Create([], 0L))));
        g.Output("y", g.Op("Concat", [g.Op("Unsqueeze", quotient, g.Int64s("axes", 0)), g.Int64s("two", 2)], ("axis", 0L)));

        var test = PassTester.Run(new FoldShape(), g.Build());

        Assert.That(test.Model.Graph.Outputs[0].Value.Constant!.AsSpan<long>().ToArray(), Is.EqualTo(new long[] { 6, 2 }));
        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(1), "what led to it is not stored");
    }

    /// <summary>Exporters let Expand keep axes this way: a length is never -1.</summary>
    [Test]
    public void A_mask_of_lengths_is_known_whatever_they_are()
    {
        var g = new GraphBuilder();
        var shape = g.Op("Shape", g.Input("x", DataType.Float, "n", 6));
        g.Output("y", g.Op("Equal", shape, g.Int64s("minus", -1)));

        var test = PassTester.Run(new FoldShape(), g.Build());

        Assert.That(test.Model.Graph.Outputs[0].Value.Constant!.Bytes.ToArray(), Is.EqualTo(new byte[] { 0, 0 }));
    }
}
