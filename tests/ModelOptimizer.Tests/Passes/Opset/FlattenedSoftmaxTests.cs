using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Passes.Opset.OpsetModels;

namespace ModelOptimizer.Tests.Passes.Opset;

/// <summary>Up to opset 12, Softmax and its kin worked on all axes from the given one on.</summary>
public sealed class FlattenedSoftmaxTests
{
    [Test]
    public void Works_on_the_same_rows_as_before([Values("Softmax", "LogSoftmax", "Hardmax")] string op, [Values(null, 0, 1, 2, -1, -2)] int? axis,
        [Values(11, 12)] long opset, [Values(13, 26)] long version)
    {
        var model = Build(opset, g => Softmax(g, op, g.Input("x", DataType.Float, 2, 3, 4), axis));

        var upgraded = Upgrade(model, version);

        PassTester.SameOutputs(model, upgraded, Tolerance.BitExact);
        Assert.That(Operators(upgraded), Is.EqualTo(axis is 2 or -1 ? [op] : new[] { "Shape", "Flatten", op, "Reshape" }));
    }

    [Test]
    public void Axes_of_length_one_need_no_detour()
    {
        var model = Build(9, g => g.Op("Softmax", g.Input("x", DataType.Float, "n", 3, 1, 1)));

        var upgraded = Upgrade(model, 17);

        PassTester.SameOutputs(model, upgraded, Tolerance.BitExact);
        Assert.That(Operators(upgraded), Is.EqualTo(new[] { "Softmax" }));
    }

    [Test]
    public void Nothing_need_be_known_of_the_shape()
    {
        var g = new GraphBuilder(opset: 11);
        g.Function("local", "Rows", 1, (f, inputs) => [f.Op("Softmax", inputs[0])]);
        g.Output("y", g.Op("local.Rows", g.Input("x", DataType.Float, 2, 3, 4)));
        var model = g.Build();

        PassTester.SameOutputs(model, Upgrade(model, 17), Tolerance.BitExact);
    }

    [TestCase(0, 3, 4)]
    [TestCase(2, 3, 0)]
    public void No_elements_stay_no_elements(params int[] lengths)
    {
        var model = Build(11, g => g.Op("Softmax", g.Input("x", DataType.Float, [.. lengths.Select(length => (Dimension)length)])));

        PassTester.SameOutputs(model, Upgrade(model, 17), Tolerance.BitExact);
    }

    private static Value Softmax(GraphBuilder g, string op, Value x, int? axis) => g.Op(op, [x], axis is { } a ? [("axis", a)] : []);
}
