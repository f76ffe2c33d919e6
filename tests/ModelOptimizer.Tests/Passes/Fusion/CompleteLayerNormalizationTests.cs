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

    [Test]
    public void An_axis_of_unknown_length_is_refused()
    {
        var g = new GraphBuilder(13);
        g.Output("y", Normalized(g, g.Input("x", DataType.Float, 2, 3, "width")));

        PassTester.Run(Pass, g.Build()).Refuses("not fixed");
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
