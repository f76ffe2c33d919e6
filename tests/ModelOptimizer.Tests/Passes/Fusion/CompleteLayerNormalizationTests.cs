using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class CompleteLayerNormalizationTests
{
    private static readonly TensorType Cube = new(DataType.Float, Shape.Of(2, 3, 4));
    private static readonly CompleteLayerNormalization Pass = new();

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(Normalized, Cube, opsets: [14, 11, 16]);

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    [TestCase(false, false, 2)]
    [TestCase(true, false, 1)]
    [TestCase(false, true, 1)]
    [TestCase(true, true, 0)]
    public void What_is_missing_is_added(bool scaled, bool biased, int added)
    {
        var g = new GraphBuilder(13);
        var y = Normalized(g, g.Input("x", Cube));
        y = scaled ? g.Op("Mul", y, g.Initializer("scale", [4], 1, 2, 3, 4)) : y;
        y = biased ? g.Op("Add", y, g.Initializer("bias", [4], 5, 6, 7, 8)) : y;
        g.Output("y", y);
        var model = g.Build();

        var test = PassTester.Run(Pass, model);

        Assert.That(test.Operators, Has.Exactly(model.Graph.Nodes.Count + added).Items);
        Assert.That(test.Operators.TakeLast(2), Is.EqualTo(new[] { "Mul", "Add" }));
    }

    [TestCase(new long[] { 1, 1, 4 }, new long[] { 4 })]
    [TestCase(new long[] { 4 }, new long[] { 1, 4 })]
    [TestCase(new long[] { 1, 4 }, new long[] { 1, 1, 4 })]
    [TestCase(new long[0], new long[] { 1 })]
    [TestCase(new long[] { 1, 1, 1 }, null)]
    [TestCase(null, new long[] { 1, 1, 4 })]
    public void What_is_no_vector_becomes_one_for_the_runtime_to_fuse(long[]? scale, long[]? bias)
    {
        var g = new GraphBuilder(13);
        var y = Normalized(g, g.Input("x", Cube));
        y = scale is null ? y : g.Op("Mul", Numbers(g, "scale", scale), y);
        y = bias is null ? y : g.Op("Add", y, Numbers(g, "bias", bias));
        g.Output("y", y);

        var test = PassTester.Run(Pass, g.Build());

        Assert.That(test.Operators.TakeLast(2), Is.EqualTo(new[] { "Mul", "Add" }));
        Assert.That(OperatorsAtRun(test), Is.EqualTo(new[] { "LayerNormalization" }));
    }

    [TestCase(new long[] { 1, 1, 1, 4 }, TestName = "A_scale_of_more_axes_is_another_product")]
    [TestCase(new long[] { 3, 1 }, TestName = "A_scale_for_each_row_is_another_product")]
    public void Another_product(long[] scale)
    {
        var g = new GraphBuilder(13);
        g.Output("y", g.Op("Mul", Normalized(g, g.Input("x", Cube)), Numbers(g, "scale", scale)));

        var test = PassTester.Run(Pass, g.Build());

        Assert.That(test.Operators.TakeLast(3), Is.EqualTo(new[] { "Mul", "Add", "Mul" }));
        Assert.That(OperatorsAtRun(test), Is.EqualTo(new[] { "LayerNormalization", "Mul" }));
    }

    [Test]
    public void A_deviation_that_is_read_elsewhere_is_refused()
    {
        var g = new GraphBuilder(13);
        var y = Normalized(g, g.Input("x", Cube));
        g.Output("deviation", y.Producer!.Input(0)!);
        g.Output("y", y);

        PassTester.Run(Pass, g.Build()).Refuses("is read elsewhere too");
    }

    [Test]
    public void Opset_17_has_an_operator()
    {
        var g = new GraphBuilder(17);
        g.Output("y", Normalized(g, g.Input("x", Cube)));

        Assert.That(PassTester.Run(Pass, g.Build()).Log.Rewrites, Is.Empty);
    }

    [Test]
    public void Other_axes_are_refused()
    {
        var g = new GraphBuilder(13);
        g.Output("y", Normalized(g, g.Input("x", Cube), axis: 1));

        PassTester.Run(Pass, g.Build()).Refuses("over the last axis");
    }

    [TestCase(null)]
    [TestCase(1)]
    public void An_axis_of_unknown_length_or_one_is_refused(int? length)
    {
        var g = new GraphBuilder(13);
        g.Output("y", Normalized(g, g.Input("x", DataType.Float, 2, 3, length is { } known ? known : "width")));

        PassTester.Run(Pass, g.Build()).Refuses("not fixed");
    }

    private static IEnumerable<string> OperatorsAtRun(PassTest test) =>
        GraphWalker.Nodes(PassContexts.Engine.Optimize(test.Model, RuntimeOptimization.Extended)).Select(node => node.OpType);

    private static Value Numbers(GraphBuilder g, string name, long[] dimensions)
    {
        var count = (int)dimensions.Aggregate(1L, (product, length) => product * length);
        return g.Initializer(name, Tensor.Create(dimensions, [.. Enumerable.Range(2, count).Select(number => (float)number)]));
    }

    private static Value Normalized(GraphBuilder g, Value x) => Normalized(g, x, axis: -1);

    private static Value Normalized(GraphBuilder g, Value x, long axis)
    {
        var deviation = g.Op("Sub", x, Mean(g, x, axis));
        var variance = Mean(g, g.Op("Pow", deviation, g.Weight("two", Tensor.Create([], 2f))), axis);
        return g.Op("Div", deviation, g.Op("Sqrt", g.Op("Add", variance, g.Weight("epsilon", Tensor.Create([], 1e-5f)))));
    }

    private static Value Mean(GraphBuilder g, Value x, long axis) => g.Op("ReduceMean", [x], ("axes", new[] { axis }), ("keepdims", 1L));
}
