using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;
using static ModelOptimizer.Tests.Passes.Opset.OpsetModels;

namespace ModelOptimizer.Tests.Passes.Opset;

/// <summary>Models of opsets that ONNX Runtime runs answer the same, bit for bit, after the upgrade.</summary>
public sealed class AdapterTests
{
    private static readonly Func<GraphBuilder, Value> Image = g => g.Input("x", DataType.Float, 1, 2, 6, 6);

    /// <summary>Name, opset, the version to upgrade to, the model.</summary>
    private static IEnumerable<TestCaseData> Cases =>
    [
        Case("Upsample, scales as attribute, nearest", 8, 21, g => g.Op("Upsample", [Image(g)], ("scales", new[] { 1f, 1f, 2f, 3f }))),
        Case("Upsample, scales as attribute, linear", 8, 21, g => g.Op("Upsample", [Image(g)], ("scales", new[] { 1f, 1f, 2f, 3f }), ("mode", "linear"))),
        Case("Upsample to the opset that renamed it", 9, 10, g => g.Op("Upsample", Image(g), Scales(g, 1, 1, 2.5f, 2))),
        Case("Upsample by computed scales", 9, 13, g => g.Op("Upsample", Image(g), g.Op("Abs", Scales(g, 1, 1, 2.5f, 2)))),
        Case("Resize that grows, nearest", 10, 26, g => g.Op("Resize", Image(g), Scales(g, 1, 1, 1.7f, 2))),
        Case("Resize that shrinks, nearest", 10, 26, g => g.Op("Resize", Image(g), Scales(g, 1, 1, 0.6f, 0.5f))),
        Case("Resize, linear", 10, 26, g => g.Op("Resize", [Image(g), Scales(g, 1, 1, 0.6f, 1.5f)], ("mode", "linear"))),
        Case("Resize, cubic", 11, 26, g => g.Op("Resize", [Image(g), Roi(g), Scales(g, 1, 1, 0.6f, 1.5f)], ("mode", "cubic"))),
        Case("Slice", 9, 26, g => g.Op("Slice", [Image(g)], ("starts", new long[] { 1, -3 }), ("ends", new long[] { 2, 99 }), ("axes", new long[] { 1, 3 }))),
        Case("Slice of the first axes", 7, 13, g => g.Op("Slice", [Image(g)], ("starts", new long[] { 0, 1 }), ("ends", new long[] { 1, 2 }))),
        Case("TopK", 9, 26, g => g.Node("TopK", [Image(g)], 2, ("k", 3), ("axis", 2)).Output(1)),
        Case("Clip of both sides", 10, 26, g => g.Op("Clip", [Image(g)], ("min", -0.25f), ("max", 0.5f))),
        Case("Clip from above", 10, 13, g => g.Op("Clip", [Image(g)], ("max", 0.5f))),
        Case("Clip that only tames infinities", 10, 13, g => g.Op("Clip", g.Op("Div", Image(g), g.Initializer("zero", [1], 0)))),
        Case("Pad with zeros", 10, 26, g => g.Op("Pad", [Image(g)], ("pads", new long[] { 0, 0, 1, 2, 0, 0, 3, 0 }))),
        Case("Pad with a value", 10, 26, g => g.Op("Pad", [Image(g)], ("pads", new long[] { 0, 0, 1, 2, 0, 0, 3, 0 }), ("value", 1.5f))),
        Case("Pad by reflection", 10, 26, g => g.Op("Pad", [Image(g)], ("pads", new long[] { 0, 0, 1, 2, 0, 0, 3, 0 }), ("mode", "reflect"))),
        Case("Scatter", 9, 26, g => g.Op("Scatter", [Matrix(g), Int64s(g, [1, 3], 1, 0, 1), g.Initializer("u", [1, 3], 5, 6, 7)], ("axis", 0))),
        Case("Dropout", 7, 26, g => g.Op("Dropout", [Image(g)], ("ratio", 0.3f))),
        Case("Dropout without a ratio", 10, 13, g => g.Op("Dropout", Image(g))),
        Case("BatchNormalization", 7, 26, g => BatchNormalization(g)),
        Case("BatchNormalization that says spatial", 8, 15, g => BatchNormalization(g, ("spatial", 1))),
        Case("Squeeze", 12, 26, g => g.Op("Squeeze", [Image(g)], ("axes", new long[] { 0 }))),
        Case("Squeeze of all that can be", 12, 13, g => g.Op("Squeeze", g.Input("x", DataType.Float, 1, 3, 1))),
        Case("Unsqueeze", 8, 26, g => g.Op("Unsqueeze", [Image(g)], ("axes", new long[] { 0, 3 }))),
        Case("Split into lengths", 12, 26, g => g.Node("Split", [Image(g)], 2, ("axis", 2), ("split", new long[] { 2, 4 })).Output(1)),
        Case("Split into equal parts", 12, 26, g => g.Node("Split", [Image(g)], 3, ("axis", 2)).Output(1)),
        Case("Split with lengths as input", 17, 18, g => g.Node("Split", [Image(g), Int64s(g, [2], 2, 4)], 2, ("axis", 2)).Output(1)),
        Case("ReduceSum", 11, 26, g => g.Op("ReduceSum", [Image(g)], ("axes", new long[] { 1, -1 }), ("keepdims", 0))),
        Case("ReduceSum of everything", 12, 13, g => g.Op("ReduceSum", Image(g))),
        Case("OneHot", 10, 26, g => g.Op("OneHot", Int64s(g, [5], 0, 2, 7, -1, -4), g.Initializer("depth", Tensor.Create([], 3L)), g.Input("v", DataType.Float, 2))),
        Case("GridSample, bilinear", 16, 20, g => g.Op("GridSample", Image(g), Grid(g))),
        Case("GridSample that says bilinear", 16, 20, g => g.Op("GridSample", [Image(g), Grid(g)], ("mode", "bilinear"))),
        Case("GridSample, bicubic", 17, 20, g => g.Op("GridSample", [Image(g), Grid(g)], ("mode", "bicubic"))),
        Case("GridSample, nearest", 17, 20, g => g.Op("GridSample", [Image(g), Grid(g)], ("mode", "nearest"))),
        Case("DFT along the default axis", 17, 20, g => g.Op("DFT", g.Input("x", DataType.Float, 1, 8, 4, 1))),
        Case("DFT along a given axis", 17, 20, g => g.Op("DFT", [g.Input("x", DataType.Float, 1, 8, 4, 1), Int64(g, 5)], ("axis", 2))),
        Case("RoiAlign", 12, 21, g => g.Op("RoiAlign", [Image(g), g.Initializer("r", [1, 4], 0, 1, 4, 5), Int64s(g, [1], 0)], ("output_height", 2), ("output_width", 2))),
        Case("GroupNormalization", 18, 21, g => GroupNormalization(g, DataType.Float)),
        Case("MaxPool, rounded up", 10, 26, g => Pool(g, "MaxPool", ("ceil_mode", 1))),
        Case("LpPool", 11, 26, g => Pool(g, "LpPool")),
        Case("QuantizeLinear", 10, 26, g => g.Op("QuantizeLinear", Image(g), g.Initializer("s", [], 0.01f), g.Initializer("z", Tensor.Create(DataType.UInt8, [], [(byte)7])))),
        Case("LSTM", 7, 26, g => Recurrent(g, "LSTM", 4)),
        Case("GRU", 7, 26, g => Recurrent(g, "GRU", 3)),
        Case("RNN", 7, 26, g => Recurrent(g, "RNN", 1)),
        Case("Attention", 23, 26, g => Attention(g, past: false)),
        Case("Attention over a past", 23, 26, g => Attention(g, past: true)),
        Case("TopK of the smallest", 11, 26, g => g.Node("TopK", [Image(g), Int64s(g, [1], 3)], 2, ("largest", 0)).Output(1)),
        Case("DequantizeLinear of each channel", 13, 26, g => g.Op("DequantizeLinear", [g.Input("x", DataType.UInt8, 2, 3), g.Initializer("s", [3], 0.1f, 0.2f, 0.3f)], ("axis", 1))),
        Case("ConstantOfShape", 9, 26, g => g.Op("ConstantOfShape", [Int64s(g, [2], 2, 3)], ("value", Tensor.Create([1], 3f)))),
        Case("ScatterND", 11, 26, g => g.Op("ScatterND", Matrix(g), Int64s(g, [1, 1], 1), g.Initializer("u", [1, 3], 5, 6, 7))),
        Case("Gemm", 7, 26, g => g.Op("Gemm", Matrix(g), g.Initializer("w", [3, 2], 1, 2, 3, 4, 5, 6), g.Initializer("c", [2], 1, 2))),
        Case("Cast", 9, 26, g => g.Op("Cast", [g.Op("Mul", Image(g), g.Initializer("ten", [1], 10))], ("to", (long)DataType.Int32))),
        Case("a batch of one in Scan", 8, 26, BatchOfOne),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Answers_are_the_same(long opset, long version, Func<GraphBuilder, Value> build)
    {
        var model = Build(opset, build);
        PassTester.SameOutputs(model, Upgrade(model, version), Tolerance.BitExact);
    }

    /// <summary>The runtime's kernel for opset 19 adds up in another order.</summary>
    [Test]
    public void Average_pools_round_as_before([Values(10, 11, 18)] long opset, [Values(0, 1)] int countPad)
    {
        var model = Build(opset, g => Pool(g, "AveragePool", ("ceil_mode", 1), ("count_include_pad", countPad)));
        PassTester.SameOutputs(model, Upgrade(model, 26), new Tolerance(1e-6));
    }

    [Test]
    public void Positions_of_TensorFlow_stay_where_they_are([Values("floor", "round_prefer_floor", null)] string? rounding, [Values(0.3f, 0.5f, 1.5f, 2f, 3.7f)] float scale)
    {
        var model = Build(11, g => g.Op("Resize", [Image(g), Roi(g), Scales(g, 1, 1, scale, 1)],
            [("coordinate_transformation_mode", "tf_half_pixel_for_nn"), .. rounding is null ? Array.Empty<(string, object)>() : [("nearest_mode", rounding)]]));

        PassTester.SameOutputs(model, Upgrade(model, 26), Tolerance.BitExact);
    }

    private static readonly string[] Reductions =
    [
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare",
    ];

    [Test]
    public void Reductions_get_their_axes_as_input_with_opset_18([ValueSource(nameof(Reductions))] string reduction, [Values] bool hasAxes)
    {
        var model = Build(11, g => g.Op(reduction, [g.Op("Abs", Image(g))], [.. hasAxes ? [("axes", new long[] { 2, -1 })] : Array.Empty<(string, object)>(), ("keepdims", 0)]));

        var upgraded = Upgrade(model, 26);

        PassTester.SameOutputs(model, upgraded, Tolerance.BitExact);
        Assert.That(upgraded.Graph.Nodes.Last!.Inputs, Has.Count.EqualTo(hasAxes ? 2 : 1));
    }

    private static TestCaseData Case(string name, long opset, long version, Func<GraphBuilder, Value> build) =>
        new TestCaseData(opset, version, build).SetArgDisplayNames($"{name}, {opset} to {version}");

    private static Value Matrix(GraphBuilder g) => g.Input("x", DataType.Float, 2, 3);

    private static Value Scales(GraphBuilder g, params float[] scales) => g.Initializer("scales", [scales.Length], scales);

    private static Value Roi(GraphBuilder g) => g.Initializer("roi", Tensor.Create([0], Array.Empty<float>()));

    private static Value Grid(GraphBuilder g) => g.Input("grid", DataType.Float, 1, 3, 3, 2);

    private static Value Int64(GraphBuilder g, long number) => g.Initializer("n", Tensor.Create([], number));

    private static Value Int64s(GraphBuilder g, long[] dimensions, params long[] numbers) => g.Initializer("i", Tensor.Create(dimensions, numbers));

    private static Value BatchNormalization(GraphBuilder g, params (string, object)[] attributes) => g.Op("BatchNormalization",
        [Image(g), g.Initializer("s", [2], 1, 2), g.Initializer("b", [2], 3, 4), g.Initializer("m", [2], 0.5f, 0), g.Initializer("v", [2], 1, 4)], attributes);

    internal static Value GroupNormalization(GraphBuilder g, DataType type) => g.Op("GroupNormalization",
        [g.Input("x", type, 2, 6, 3), g.Input("scale", type, 3), g.Input("bias", type, 3)], ("num_groups", 3));

    private static Value Pool(GraphBuilder g, string op, params (string, object)[] attributes) => g.Op(op, [Image(g)],
        [("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }), .. attributes]);

    private static Value Attention(GraphBuilder g, bool past) => g.Node("Attention",
        [Heads(g, "q", 3), Heads(g, "k", 3), Heads(g, "v", 3), null, .. past ? [Heads(g, "past_k", 2), Heads(g, "past_v", 2)] : Array.Empty<Value>()], outputs: 3, ("is_causal", 1)).Output();

    private static Value Heads(GraphBuilder g, string name, int length) => g.Input(name, DataType.Float, 1, 2, length, 4);

    private static Value Recurrent(GraphBuilder g, string op, int gates) => g.Op(op,
        [g.Input("x", DataType.Float, 3, 1, 2), g.Input("w", DataType.Float, 1, 2 * gates, 2), g.Input("r", DataType.Float, 1, 2 * gates, 2)], ("hidden_size", 2));

    /// <summary>Running sums of a sequence, backwards.</summary>
    private static Value BatchOfOne(GraphBuilder g)
    {
        var scan = g.BatchedScan([g.Input("start", DataType.Float, 1, 2), g.Input("x", DataType.Float, 1, 3, 2)], scanned: 1, (body, formals) =>
        {
            var sum = body.Op("Add", formals[0], formals[1]);
            return [sum, body.Op("Identity", sum)];
        });
        scan.Attributes.Set("directions", new long[] { 1 });
        return g.Op("Concat", [scan.Output(1), g.Op("Unsqueeze", [scan.Output()], ("axes", new long[] { 1 }))], ("axis", 1));
    }
}
