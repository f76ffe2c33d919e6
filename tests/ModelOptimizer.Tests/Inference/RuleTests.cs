using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Inference;

/// <summary>What each family of rules says about symbolic shapes; numbers are held to the runtime by the conformance tests and real models.</summary>
public sealed class RuleTests
{
    private static readonly long[] Zero = [0];

    private static IEnumerable<TestCaseData> Types =>
    [
        Case("Add broadcasts", "float[b,s,8]", g => g.Op("Add", X(g), g.Input("bias", DataType.Float, 8))),
        Case("Add of unrelated lengths", "float[broadcast(b, m),s,8]", g => g.Op("Add", X(g), g.Input("y", DataType.Float, "m", 1, 8))),
        Case("Add to another number", "float[b,s,8]", g => g.Op("Add", X(g), g.Input("y", DataType.Float, 1, "s", 1))),
        Case("Equal is bool", "bool[b,s,8]", g => g.Op("Equal", X(g), X(g, "y"))),
        Case("Where", "float[b,s,8]", g => g.Op("Where", g.Input("c", DataType.Bool, "b", 1, 1), X(g), g.Initializer("zero", [], 0))),
        Case("Cast", "int32[b,s,8]", g => g.Op("Cast", [X(g)], ("to", (long)DataType.Int32))),
        Case("ReduceMean keeps", "float[b,s,1]", g => g.Op("ReduceMean", [X(g)], ("axes", new[] { -1L }))),
        Case("ReduceMean by input", "float[b,1,8]", g => g.Op("ReduceMean", X(g), g.Int64s("axes", 1)), opset: 18),
        Case("ReduceSum drops", "float[b,8]", g => g.Op("ReduceSum", [X(g), g.Int64s("axes", 1)], ("keepdims", 0L))),
        Case("ReduceSum of no axes", "float[b,s,8]", g => g.Op("ReduceSum", [X(g), g.Int64s("axes")], ("noop_with_empty_axes", 1L))),
        Case("ReduceSum of all", "float[]", g => g.Op("ReduceSum", [X(g)], ("keepdims", 0L))),
        Case("ArgMax", "int64[b,s]", g => g.Op("ArgMax", [X(g)], ("axis", -1L), ("keepdims", 0L))),
        Case("MatMul", "float[b,s,5]", g => g.Op("MatMul", X(g), g.Initializer("w", [8, 5], new float[40]))),
        Case("MatMul with a vector", "float[b,s]", g => g.Op("MatMul", X(g), g.Initializer("w", [8], new float[8]))),
        Case("Gemm", "float[m,5]", g => g.Op("Gemm", [g.Input("x", DataType.Float, 8, "m"), g.Initializer("w", [5, 8], new float[40])], ("transA", 1L), ("transB", 1L))),
        Case("Einsum", "float[b,8,s]", g => g.Op("Einsum", [X(g), X(g, "y")], ("equation", "bij,bkj->bji"))),
        Case("Conv", "float[n,4,floor((h + 1)/2),w]", g => g.Op("Conv", [Image(g), g.Initializer("k", [4, 3, 3, 3], new float[108])], ("strides", new[] { 2L, 1 }), ("pads", new[] { 1L, 1, 1, 1 }))),
        Case("Conv same", "float[n,4,floor((h + 1)/2),floor((w + 1)/2)]", g => g.Op("Conv", [Image(g), g.Initializer("k", [4, 3, 3, 3], new float[108])], ("strides", new[] { 2L, 2 }), ("auto_pad", "SAME_UPPER"))),
        Case("ConvTranspose", "float[n,2,2*h,2*w]", g => g.Op("ConvTranspose", [Image(g), g.Initializer("k", [3, 2, 2, 2], new float[24])], ("strides", new[] { 2L, 2 }))),
        Case("ConvTranspose same", "float[n,2,2*h,2*w]", g => g.Op("ConvTranspose", [Image(g), g.Initializer("k", [3, 2, 2, 2], new float[24])], ("strides", new[] { 2L, 2 }), ("auto_pad", "SAME_UPPER"))),
        Case("ConvTranspose same with gaps", "float[n,2,found@2,found@3]", g => g.Op("ConvTranspose", [Image(g), g.Initializer("k", [3, 2, 1, 1], new float[6])], ("strides", new[] { 2L, 2 }), ("auto_pad", "SAME_UPPER"))),
        Case("MaxPool", "float[n,3,floor(h/2),floor(w/2)]", g => g.Op("MaxPool", [Image(g)], ("kernel_shape", new[] { 2L, 2 }), ("strides", new[] { 2L, 2 }))),
        Case("GlobalAveragePool", "float[n,3,1,1]", g => g.Op("GlobalAveragePool", Image(g))),
        Case("Reshape splits", "float[b,s,2,4]", g => g.Op("Reshape", X(g), g.Int64s("t", 0, 0, 2, 4))),
        Case("Reshape joins", "float[b*s,8]", g => g.Op("Reshape", X(g), g.Int64s("t", -1, 8))),
        Case("Reshape by a shape", "float[b,s,8]", g => g.Op("Reshape", g.Op("Reshape", X(g), g.Int64s("t", -1, 8)), g.Op("Shape", X(g, "y")))),
        Case("Reshape after all", "float[4*b,2*s]", g => g.Op("Reshape", X(g), g.Op("Concat", [g.Int64s("open", -1), g.Op("Mul", Length(g, X(g, "y"), 1), g.Int64s("two", 2))], ("axis", 0L)))),
        Case("Flatten", "float[b,8*s]", g => g.Op("Flatten", X(g))),
        Case("Transpose", "float[8,s,b]", g => g.Op("Transpose", X(g))),
        Case("Squeeze of axes", "float[b,s]", g => g.Op("Squeeze", g.Op("ReduceMax", [X(g)], ("axes", new[] { 2L })), g.Int64s("axes", 2))),
        Case("Squeeze by attribute", "float[b,s]", g => g.Op("Squeeze", [g.Op("ReduceMax", [X(g)], ("axes", new[] { 2L }))], ("axes", new[] { -1L })), opset: 11),
        Case("Squeeze of all that are 1", "float", g => g.Op("Squeeze", X(g))),
        Case("Unsqueeze", "float[b,1,s,8,1]", g => g.Op("Unsqueeze", X(g), g.Int64s("axes", 1, -1))),
        Case("Slice to the end", "float[b,max(0, s - 1),8]", g => Slice(g, 1, long.MaxValue)),
        Case("Slice of a beginning", "float[b,min(2, s),8]", g => Slice(g, 0, 2)),
        Case("Slice of all but one", "float[b,max(0, s - 1),8]", g => Slice(g, 0, -1)),
        Case("Slice in steps", "float[b,floor((s + 1)/2),8]", g => g.Op("Slice", X(g), g.Int64s("starts", 0), g.Int64s("ends", int.MaxValue), g.Int64s("axes", 1), g.Int64s("steps", 2))),
        Case("Slice to a length", "float[b,s,s]", g => g.Op("Slice", g.Input("x", DataType.Float, "b", "s", "s"), g.Int64s("starts", 0), Length(g, X(g, "y"), 1), g.Int64s("axes", 2))),
        Case("Concat", "float[b,2*s,8]", g => g.Op("Concat", [X(g), X(g, "y")], ("axis", 1L))),
        Case("Concat with a number", "float[2,s + 1,8]", g => g.Op("Concat", [X(g), g.Input("y", DataType.Float, 2, 1, 8)], ("axis", 1L))),
        Case("Split", "float[b,s,4]", g => g.Node("Split", [X(g)], 2, ("axis", -1L)).Output(1)),
        Case("Split into lengths", "float[b,s,5]", g => g.Node("Split", [X(g), g.Int64s("parts", 3, 5)], 2, ("axis", -1L)).Output(1)),
        Case("Expand", "float[b,s,8]", g => g.Op("Expand", g.Initializer("one", [1], 1), g.Op("Shape", X(g)))),
        Case("Tile", "float[3*b,s,8]", g => g.Op("Tile", X(g), g.Int64s("repeats", 3, 1, 1))),
        Case("Pad", "float[b,s + 3,8]", g => g.Op("Pad", X(g), g.Int64s("pads", 0, 1, 0, 0, 2, 0))),
        Case("Pad by attribute", "float[b,s + 3,8]", g => g.Op("Pad", [X(g)], ("pads", new[] { 0L, 1, 0, 0, 2, 0 })), opset: 10),
        Case("Gather", "float[b,m,k,8]", g => g.Op("Gather", [X(g), g.Input("i", DataType.Int64, "m", "k")], ("axis", 1L))),
        Case("GatherND", "float[m,8]", g => g.Op("GatherND", X(g), g.Input("i", DataType.Int64, "m", 2))),
        Case("DepthToSpace", "float[n,1,2*h,2*w]", g => g.Op("DepthToSpace", [g.Input("x", DataType.Float, "n", 4, "h", "w")], ("blocksize", 2L))),
        Case("Resize by scales", "float[n,3,2*h,2*w]", g => g.Op("Resize", Image(g), null, g.Initializer("scales", [4], 1, 1, 2, 2))),
        Case("Resize to sizes", "float[n,3,7,w]", g => g.Op("Resize", Image(g), null, null, g.Op("Concat", [Length(g, Image(g, "y"), 0), g.Int64s("fixed", 3, 7), Length(g, Image(g, "z"), 3)], ("axis", 0L)))),
        Case("ConstantOfShape", "float[b,s,8]", g => g.Op("ConstantOfShape", g.Op("Shape", X(g)))),
        Case("Range", "int64[s]", g => g.Op("Range", Scalar(g, 0), Length(g, X(g), 1, isScalar: true), Scalar(g, 1))),
        Case("NonZero", "int64[3,found@1]", g => g.Op("NonZero", X(g))),
        Case("TopK", "int64[b,s,3]", g => g.Node("TopK", [X(g), g.Int64s("k", 3)], 2).Output(1)),
        Case("OneHot", "float[m,5]", g => g.Op("OneHot", g.Input("i", DataType.Int64, "m"), g.Int64s("depth", 5), g.Initializer("values", [2], 0, 1))),
        Case("QuantizeLinear", "uint8[b,s,8]", g => g.Op("QuantizeLinear", X(g), g.Initializer("scale", [], 1))),
        Case("DequantizeLinear", "float[b,s,8]", g => g.Op("DequantizeLinear", g.Op("QuantizeLinear", X(g), g.Initializer("scale", [], 1)), g.Initializer("scale", [], 1))),
        Case("LayerNormalization", "float[b,s,1]", g => g.Node("LayerNormalization", [X(g), g.Initializer("w", [8], new float[8])], 3).Output(2)),
        Case("LSTM", "float[t,2,n,6]", g => g.Node("LSTM", [g.Input("x", DataType.Float, "t", "n", 3), g.Initializer("w", [2, 24, 3], new float[144]), g.Initializer("r", [2, 24, 6], new float[288])], 3, ("direction", "bidirectional"), ("hidden_size", 6L)).Output()),
        Case("LSTM's last state", "float[2,n,6]", g => g.Node("LSTM", [g.Input("x", DataType.Float, "t", "n", 3), g.Initializer("w", [2, 24, 3], new float[144]), g.Initializer("r", [2, 24, 6], new float[288])], 3, ("direction", "bidirectional"), ("hidden_size", 6L)).Output(2)),
        Case("MatMulNBits", "float[b,s,32]", g => g.Op("com.microsoft.MatMulNBits", [X(g), g.Initializer("q", Tensor.Create(DataType.UInt8, [32, 1, 8], new byte[256])), g.Initializer("scales", [32], new float[32])], ("K", 8L), ("N", 32L), ("bits", 4L), ("block_size", 16L))),
        Case("SkipLayerNormalization", "float[b,s,8]", g => g.Node("com.microsoft.SkipLayerNormalization", [X(g), X(g, "skip"), g.Initializer("w", [8], new float[8])], 4).Output(3)),
        Case("an operator that only the runtime knows", "float[2*n,3]", g => g.Op("Concat", [g.Op("com.microsoft.Inverse", g.Input("x", DataType.Float, "n", 3)), g.Input("y", DataType.Float, "n", 3)], ("axis", 0L))),
    ];

    private static IEnumerable<TestCaseData> Elements =>
    [
        Case("Shape", "b, s, 8", g => g.Op("Shape", X(g))),
        Case("a part of a Shape", "s, 8", g => g.Op("Shape", [X(g)], ("start", 1L))),
        Case("Size", "8*b*s", g => g.Op("Size", X(g))),
        Case("Gather from the end", "8", g => g.Op("Gather", g.Op("Shape", X(g)), Scalar(g, -1))),
        Case("Slice", "s, b", g => g.Op("Slice", g.Op("Shape", X(g)), g.Int64s("starts", 1), g.Int64s("ends", -9), Int64s(g, "axes", Zero), g.Int64s("steps", -1))),
        Case("Concat and Cast", "b, 12", g => g.Op("Cast", [g.Op("Concat", [Length(g, X(g), 0), g.Int64s("n", 12)], ("axis", 0L))], ("to", (long)DataType.Int32))),
        Case("Add and Mul", "2*s + 1", g => g.Op("Add", g.Op("Mul", Length(g, X(g), 1), g.Int64s("two", 2)), g.Int64s("one", 1))),
        Case("Div that is even", "4*s", g => g.Op("Div", g.Op("Mul", Length(g, X(g), 1), g.Int64s("eight", 8)), g.Int64s("two", 2))),
        Case("Div of what may be negative", "?", g => g.Op("Div", g.Op("Sub", Length(g, X(g), 1), g.Int64s("one", 1)), g.Int64s("two", 2))),
        Case("Mod", "-2*floor(s/2) + s", g => g.Op("Mod", Length(g, X(g), 1), g.Int64s("two", 2))),
        Case("a mask of -1", "b, s, 8", g => Masked(g, g.Op("Shape", X(g)))),
        Case("ReduceProd", "8*b*s", g => g.Op("ReduceProd", [g.Op("Shape", X(g))], ("keepdims", 0L))),
        Case("Range", "0, 2, 4", g => g.Op("Range", Scalar(g, 0), Scalar(g, 5), Scalar(g, 2))),
        Case("ConstantOfShape", "7, 7, 7", g => g.Op("ConstantOfShape", [g.Op("Shape", g.Op("Shape", X(g)))], ("value", Tensor.Create([1], 7L)))),
        Case("Split", "s, 8", g => g.Node("Split", [g.Op("Shape", X(g)), g.Int64s("parts", 1, 2)], 2).Output(1)),
        Case("Expand", "b, b", g => g.Op("Expand", Length(g, X(g), 0), g.Int64s("two", 2))),
        Case("Min of a length and 0", "0", g => g.Op("Min", Length(g, X(g), 0), Int64s(g, "zero", Zero))),
        Case("Min as floats", "min(512, b), min(512, s)", g => FloatMin(g, [512, 512])),
        Case("Min as floats with a limit for each", "min(512, b), min(2, s)", g => FloatMin(g, [512, 2])),
        Case("Min as floats with one limit", "min(512, b), min(512, s)", g => FloatMin(g, [512])),
        Case("Min as floats, the limits first", "min(512, b), min(2, s)", g => FloatMin(g, [512, 2], limitsFirst: true)),
        Case("a number beyond int32", "?", g => g.Op("Cast", [g.Int64s("n", 1L << 40)], ("to", (long)DataType.Int32))),
    ];

    [TestCaseSource(nameof(Types))]
    public void A_type(string expected, long opset, Func<GraphBuilder, Value> build) =>
        Assert.That(Infer(opset, build).Value.Type?.ToString(), Is.EqualTo(expected));

    [TestCaseSource(nameof(Elements))]
    public void An_integer_tensor(string expected, long opset, Func<GraphBuilder, Value> build)
    {
        var (value, inference) = Infer(opset, build);

        Assert.That(string.Join(", ", inference.ElementsOf(value)!.Value), Is.EqualTo(expected));
    }

    [TestCase(0.5f, TestName = "A_cut_as_floats_at_a_part_is_not_followed")]
    [TestCase(1 << 25, TestName = "A_cut_as_floats_beyond_what_they_count_is_not_followed")]
    public void A_cut_as_floats(float limit)
    {
        var (value, inference) = Infer(17, g => FloatMin(g, [limit, limit]));

        Assert.That(inference.ElementsOf(value), Is.Null);
    }

    [Test]
    public void A_cut_as_floats_of_what_may_be_negative_is_not_followed()
    {
        var (value, inference) = Infer(17, g => FloatMin(g, [512], lengths: g.Op("Sub", Length(g, X(g), 1), g.Int64s("four", 4))));

        Assert.That(inference.ElementsOf(value), Is.Null);
    }

    [TestCase(1)]
    [TestCase(2)]
    public void A_cut_as_floats_of_fewer_lengths_than_limits_is_not_followed(int lengths)
    {
        var (value, inference) = Infer(17, g => FloatMin(g, [512, 256, 128], lengths == 1 ? Length(g, X(g), 1) : null));

        Assert.That(inference.ElementsOf(value), Is.Null);
    }

    private static (Value Value, TypeInference Inference) Infer(long opset, Func<GraphBuilder, Value> build)
    {
        var g = new GraphBuilder(opset);
        var value = build(g);
        value.Name = "found";
        g.Output("y", value);
        var inference = new TypeInference(PassContexts.Engine);
        inference.Run(g.Build());
        return (value, inference);
    }

    private static TestCaseData Case(string name, string expected, Func<GraphBuilder, Value> build, long opset = 17) =>
        new TestCaseData(expected, opset, build).SetArgDisplayNames(name);

    private static Value X(GraphBuilder g, string name = "x") => g.Input(name, DataType.Float, "b", "s", 8);

    private static Value Image(GraphBuilder g, string name = "x") => g.Input(name, DataType.Float, "n", 3, "h", "w");

    private static Value Scalar(GraphBuilder g, long value) => g.Initializer("scalar", Tensor.Create([], value));

    private static Value Int64s(GraphBuilder g, string name, long[] values) => g.Int64s(name, values);

    private static Value Length(GraphBuilder g, Value x, long axis, bool isScalar = false) =>
        g.Op("Gather", g.Op("Shape", x), isScalar ? Scalar(g, axis) : g.Int64s("axis", axis));

    private static Value Slice(GraphBuilder g, long start, long end) =>
        g.Op("Slice", X(g), g.Int64s("starts", start), g.Int64s("ends", end), g.Int64s("axes", 1));

    /// <summary>Exporters write "keep this axis" as -1, and 1 in its place for Expand.</summary>
    private static Value Masked(GraphBuilder g, Value shape) => g.Op("Where", g.Op("Equal", shape, g.Int64s("minus", -1)),
        g.Op("ConstantOfShape", [g.Op("Shape", shape)], ("value", Tensor.Create([1], 1L))), shape);

    /// <summary>The first two lengths, or others, cut as exporters did it before Min took integers.</summary>
    private static Value FloatMin(GraphBuilder g, float[] limits, Value? lengths = null, bool limitsFirst = false)
    {
        lengths ??= g.Op("Slice", g.Op("Shape", X(g)), g.Int64s("starts", 0), g.Int64s("ends", 2));
        var floats = g.Op("Cast", [lengths], ("to", (long)DataType.Float));
        var limit = g.Initializer("limit", [limits.Length], limits);
        return g.Op("Cast", [limitsFirst ? g.Op("Min", limit, floats) : g.Op("Min", floats, limit)], ("to", (long)DataType.Int64));
    }
}
