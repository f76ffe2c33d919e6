using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;

namespace ModelOptimizer.Tests.Precision.Speed;

public sealed class TypicalShapesTests
{
    private const long Depth = 256;

    [Test]
    public void A_flattened_sequence_has_as_many_rows_as_positions()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", new TensorType(DataType.Float, new Shape(["batch", "seq", Depth])));
        var flat = g.Op("Reshape", x, g.Int64s("flat", -1, Depth));
        var product = Product(g, flat);
        g.Output("y", g.Op("Relu", product));

        var shapes = Of(g.Build());

        Assert.That(shapes.Of(flat), Is.EqualTo(new double[] { 64, Depth }));
        Assert.That(shapes.Of(product), Is.EqualTo(new double[] { 64, Depth }));
    }

    [Test]
    public void A_flattened_picture_has_one_row()
    {
        var g = new GraphBuilder();
        var pooled = g.Op("GlobalAveragePool", g.Input("x", new TensorType(DataType.Float, new Shape(["n", Depth, "h", "w"]))));
        var flat = g.Op("Flatten", pooled);
        g.Output("y", Product(g, flat));

        Assert.That(Of(g.Build()).Of(flat), Is.EqualTo(new double[] { 1, Depth }));
    }

    [Test]
    public void The_weight_tells_the_depth([Values] bool isTransposed)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", new TensorType(DataType.Float, new Shape([1, "width"])));
        g.Output("y", isTransposed ? g.Op("Gemm", [x, g.Weight("w", StaticModels.Matrix(8, Depth))], ("transB", 1)) : Product(g, x));

        Assert.That(Of(g.Build()).Of(x), Is.EqualTo(new double[] { 1, Depth }));
    }

    [Test]
    public void Nobody_knows_how_many_rows_are_chosen_by_the_data()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 50, Depth);
        var chosen = g.Op("Compress", [x, g.Input("mask", DataType.Bool, 50)], ("axis", 0));
        g.Output("y", Product(g, chosen));

        Assert.That(Of(g.Build()).Of(chosen), Is.Null);
    }

    [Test]
    public void A_batch_of_rows_is_one()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", new TensorType(DataType.Float, new Shape(["n", Depth])));
        var product = Product(g, x);
        g.Output("y", g.Op("Relu", product));

        Assert.That(Of(g.Build()).Of(product), Is.EqualTo(new double[] { 1, Depth }));
    }

    private static readonly Shape s_sequences = new(["batch", "seq", Depth]);

    private static IEnumerable<TestCaseData> Others()
    {
        yield return new TestCaseData(new Shape(["batch"])).SetArgDisplayNames("lengths");
        yield return new TestCaseData(new Shape(["seq", 8])).SetArgDisplayNames("positions");
        yield return new TestCaseData(new Shape([2, "batch", 8])).SetArgDisplayNames("state");
        yield return new TestCaseData(new Shape([3, "seq", 8])).SetArgDisplayNames("another sequence");
    }

    [TestCaseSource(nameof(Others))]
    public void Symbols_mean_the_same_in_any_order_of_the_inputs(Shape other)
    {
        foreach (var isFirst in (bool[])[true, false])
        {
            var g = new GraphBuilder();
            var before = isFirst ? g.Input("other", new TensorType(DataType.Float, other)) : null;
            var x = g.Input("x", new TensorType(DataType.Float, s_sequences));
            var second = before ?? g.Input("other", new TensorType(DataType.Float, other));
            g.Output("z", g.Op("Neg", second));
            g.Output("y", Product(g, x));

            var shapes = Of(g.Build());

            Assert.That(shapes.Of(x), Is.EqualTo(new double[] { 1, 64, Depth }), $"{isFirst}");
            Assert.That(shapes.Of(second), Is.EqualTo(other.Dimensions.Select(axis => axis.Value ?? (axis.Symbol == "seq" ? 64 : 1))), $"{isFirst}");
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Dynamic_products_of_a_flattened_sequence_pay(bool isFlat)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", new TensorType(DataType.Float, new Shape(["batch", "seq", Depth])));
        g.Output("y", Product(g, isFlat ? g.Op("Reshape", x, g.Int64s("flat", -1, Depth)) : x));

        Assert.That(PassContexts.Run(g.Build(), new QuantizeDynamic(new())).Weights.Single().Refusal, Is.Null);
    }

    private static Value Product(GraphBuilder g, Value x) => g.Op("MatMul", x, g.Weight("w", StaticModels.Matrix(Depth, Depth)));

    private static TypicalShapes Of(OnnxModel model)
    {
        new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()).InferTypes();
        return new TypicalShapes(model);
    }
}
