using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Attention and rotary embedding as exporters write them: 4 heads of 8, batch and length symbolic.</summary>
/// <param name="Name">Exporter and model.</param>
/// <param name="Attentions">How many formulas there are.</param>
/// <param name="Rotations">How many rotary embeddings there are.</param>
public sealed record AttentionFixture(string Name, OnnxModel Model, int Attentions, int Rotations = 0)
{
    public override string ToString() => Name;

    public static IEnumerable<AttentionFixture> All =>
    [
        new("BERT by PyTorch 1.13 TorchScript", Bert(14), 1),
        new("GPT-2 with past by PyTorch 1.13 TorchScript", Gpt(14), 1),
        new("scaled_dot_product_attention by PyTorch 2 TorchScript", ScaledDotProduct(17, guarded: false), 1),
        new("scaled_dot_product_attention by PyTorch 2 dynamo", ScaledDotProduct(18, guarded: true), 1),
        new("BERT by tf2onnx", TensorFlowBert(13), 1),
        new("multi-head attention by paddle2onnx", Paddle(11), 1),
        new("LLaMA by PyTorch 2 TorchScript", Llama(17), 1, 2),
        new("ViT, unbound, by PyTorch 1.13 TorchScript", VisionTransformer(14, unbinds: true), 1),
        new("ViT, indexed, by PyTorch 2 TorchScript", VisionTransformer(17, unbinds: false), 1),
        new("Swin by PyTorch 2 TorchScript", Swin(17), 1),
        new("SVTR block by paddle2onnx", SceneText(11), 1),
    ];

    private const int Heads = 4;
    private const int Size = 8;
    private const int Width = Heads * Size;

    /// <summary>BertSelfAttention: shapes read from the activations, one Constant node for each number.</summary>
    private static OnnxModel Bert(long opset)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("hidden_states", DataType.Float, "batch", "sequence", Width);
        var flags = g.Op("Unsqueeze", g.Op("Unsqueeze", g.Input("attention_mask", DataType.Int64, "batch", "sequence"), Axes(g, 1)), Axes(g, 2));
        var mask = g.Op("Mul", g.Op("Sub", Number(g, 1), ToFloat(g, flags)), Number(g, -10000));
        var shape = g.Op("Concat", [Length(g, x, 0), Length(g, x, 1), Axes(g, Heads), Axes(g, Size)], ("axis", 0));
        var (query, key, value) = (g.Op("Reshape", Linear(g, x, "q"), shape), g.Op("Reshape", Linear(g, x, "k"), shape), g.Op("Reshape", Linear(g, x, "v"), shape));
        var scores = g.Op("Div", g.Op("MatMul", Transpose(g, query, 0, 2, 1, 3), Transpose(g, key, 0, 2, 3, 1)), Number(g, MathF.Sqrt(Size)));
        var context = g.Op("MatMul", Softmax(g, g.Op("Add", scores, mask)), Transpose(g, value, 0, 2, 1, 3));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Op("Concat", [Length(g, x, 0), Length(g, x, 1), Axes(g, Width)], ("axis", 0))));
    }

    /// <summary>GPT2Attention: one product for query, key and value, the past joined in front, a buffer of flags cut to fit.</summary>
    private static OnnxModel Gpt(long opset)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("hidden_states", DataType.Float, "batch", 1, Width);
        var pastKey = g.Input("past_key", DataType.Float, "batch", Heads, "past", Size);
        var pastValue = g.Input("past_value", DataType.Float, "batch", Heads, "past", Size);
        var parts = g.Node("Split", [g.Op("MatMul", x, Weight(g, "qkv", Width, 3 * Width)), Axes(g, Width, Width, Width)], 3, ("axis", 2L));
        var shape = g.Constant(Tensor.Create([4], 0L, 0L, Heads, Size));
        var (query, newKey, newValue) = (Apart(0), Apart(1), Apart(2));
        var key = g.Op("Concat", [pastKey, newKey], ("axis", -2L));
        var value = g.Op("Concat", [pastValue, newValue], ("axis", -2L));
        var scores = g.Op("Div", g.Op("MatMul", query, Transpose(g, key, 0, 1, 3, 2)), Number(g, MathF.Sqrt(Size)));
        var context = g.Op("MatMul", Softmax(g, scores), value);
        g.Output("present_key", key);
        g.Output("present_value", value);
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Constant(Tensor.Create([3], 0L, 0L, Width))));

        Value Apart(int part) => Transpose(g, g.Op("Reshape", parts.Output(part), shape), 0, 2, 1, 3);
    }

    /// <summary>The square root of the scale goes to either side; dynamo guards against rows that are masked as a whole.</summary>
    private static OnnxModel ScaledDotProduct(long opset, bool guarded)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, "batch", "sequence", Width);
        var kept = g.Op("Greater", g.Input("mask", DataType.Float, "batch", 1, "sequence", "sequence"), Number(g, 0));
        var mask = g.Op("Where", kept, Number(g, 0), Number(g, guarded ? float.NegativeInfinity : -1e9f));
        var shape = g.Op("Concat", [Length(g, x, 0), Axes(g, -1), Axes(g, Heads), Axes(g, Size)], ("axis", 0));
        var root = g.Op("Sqrt", Number(g, 1 / MathF.Sqrt(Size)));
        var query = g.Op("Mul", Apart("q"), root);
        var key = g.Op("Mul", Transpose(g, Apart("k"), 0, 1, 3, 2), root);
        var weights = Softmax(g, g.Op("Add", g.Op("MatMul", query, key), mask));
        if (guarded)
            weights = g.Op("Where", g.Op("IsNaN", weights), Number(g, 0), weights);
        var context = g.Op("MatMul", weights, Apart("v"));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Op("Concat", [Length(g, x, 0), Axes(g, -1), Axes(g, Width)], ("axis", 0))));

        Value Apart(string name) => Transpose(g, g.Op("Reshape", Linear(g, x, name), shape), 0, 2, 1, 3);
    }

    /// <summary>Keras's attention over a static length: an initializer for each number, a factor for the scale.</summary>
    private static OnnxModel TensorFlowBert(long opset)
    {
        const int sequence = 6;
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, "batch", sequence, Width);
        var flags = g.Op("Reshape", ToFloat(g, g.Input("input_mask", DataType.Int32, "batch", sequence)), g.Int64s("s", -1, 1, 1, sequence));
        var mask = g.Op("Mul", g.Op("Sub", g.Initializer("one", Tensor.Create([], 1f)), flags), g.Initializer("low", Tensor.Create([], -10000f)));
        var scores = g.Op("Mul", g.Op("MatMul", Apart("q"), Transpose(g, Apart("k"), 0, 1, 3, 2)), g.Initializer("scale", Tensor.Create([], 1 / MathF.Sqrt(Size))));
        var context = g.Op("MatMul", Softmax(g, g.Op("Add", scores, mask)), Apart("v"));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Int64s("joined", -1, sequence, Width)));

        Value Apart(string name) => Transpose(g, g.Op("Reshape", Linear(g, x, name), g.Int64s("heads", -1, sequence, Heads, Size)), 0, 2, 1, 3);
    }

    /// <summary>The query is scaled; zeros in shapes copy axes; no mask.</summary>
    private static OnnxModel Paddle(long opset)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, "batch", "sequence", Width);
        var query = g.Op("Mul", Apart("q"), g.Constant(Tensor.Create([1], 1 / MathF.Sqrt(Size))));
        var weights = g.Op("Softmax", [g.Op("MatMul", query, Transpose(g, Apart("k"), 0, 1, 3, 2))], ("axis", 3L));
        var context = g.Op("MatMul", weights, Apart("v"));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Constant(Tensor.Create([3], 0L, 0L, Width))));

        Value Apart(string name) => Transpose(g, g.Op("Reshape", Linear(g, x, name), g.Constant(Tensor.Create([4], 0L, 0L, Heads, Size))), 0, 2, 1, 3);
    }

    /// <summary>LlamaAttention: tables from a table of angles joined to itself, two key heads repeated, a causal mask cut from a buffer.</summary>
    private static OnnxModel Llama(long opset)
    {
        const int kept = 2, most = 16;
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, "batch", "sequence", Width);
        var angles = g.Op("Slice", g.Initializer("angles", Tensor.Create([most, Size / 2], [.. Enumerable.Range(0, most * Size / 2).Select(i => i * 0.1f)])),
            Axes(g, 0), Length(g, x, 1), Axes(g, 0), Axes(g, 1));
        var both = g.Op("Concat", [angles, angles], ("axis", -1L));
        var (cos, sin) = (Table("Cos"), Table("Sin"));
        var key = Repeat(Rotate(Apart("k", kept)));
        var causal = g.Initializer("causal", Tensor.Create([most, most], [.. Enumerable.Range(0, most * most).Select(i => i % most > i / most ? float.MinValue : 0)]));
        var mask = g.Op("Slice", causal, Axes(g, 0, 0), g.Op("Concat", [Length(g, x, 1), Length(g, x, 1)], ("axis", 0L)), Axes(g, 0, 1), Axes(g, 1, 1));
        var scores = g.Op("Div", g.Op("MatMul", Rotate(Apart("q", Heads)), Transpose(g, key, 0, 1, 3, 2)), Number(g, MathF.Sqrt(Size)));
        var context = g.Op("MatMul", Softmax(g, g.Op("Add", scores, mask)), Repeat(Apart("v", kept)));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Op("Concat", [Length(g, x, 0), Length(g, x, 1), Axes(g, Width)], ("axis", 0L))));

        Value Table(string function) => g.Op("Unsqueeze", g.Op("Unsqueeze", g.Op(function, both), Axes(g, 0)), Axes(g, 1));

        Value Apart(string name, int heads)
        {
            var shape = g.Op("Concat", [Length(g, x, 0), Length(g, x, 1), Axes(g, heads), Axes(g, Size)], ("axis", 0L));
            return Transpose(g, g.Op("Reshape", g.Op("MatMul", x, Weight(g, name, Width, heads * Size)), shape), 0, 2, 1, 3);
        }

        Value Rotate(Value heads)
        {
            var first = g.Op("Slice", heads, Axes(g, 0), Axes(g, Size / 2), Axes(g, 3), Axes(g, 1));
            var second = g.Op("Slice", heads, Axes(g, Size / 2), Axes(g, long.MaxValue), Axes(g, 3), Axes(g, 1));
            return g.Op("Add", g.Op("Mul", heads, cos), g.Op("Mul", g.Op("Concat", [g.Op("Neg", second), first], ("axis", -1L)), sin));
        }

        Value Repeat(Value heads)
        {
            var target = g.Op("Concat", [Length(g, x, 0), Axes(g, kept), Axes(g, Heads / kept), Length(g, x, 1), Axes(g, Size)], ("axis", 0L));
            var joined = g.Op("Concat", [Length(g, x, 0), Axes(g, Heads), Length(g, x, 1), Axes(g, Size)], ("axis", 0L));
            return g.Op("Reshape", g.Op("Expand", g.Op("Unsqueeze", heads, Axes(g, 2)), target), joined);
        }
    }

    /// <summary>timm's Attention: one product reshaped for all three, of which unbind takes a Split and Squeezes, and indices a Gather each.</summary>
    private static OnnxModel VisionTransformer(long opset, bool unbinds)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, "batch", "patches", Width);
        var shape = g.Op("Concat", [Length(g, x, 0), Length(g, x, 1), Axes(g, 3), Axes(g, Heads), Axes(g, Size)], ("axis", 0L));
        var packed = Transpose(g, g.Op("Reshape", Packed(g, x), shape), 2, 0, 3, 1, 4);
        var parts = unbinds ? g.Node("Split", [packed, Axes(g, 1, 1, 1)], 3, ("axis", 0L)) : null;
        var query = g.Op("Mul", Apart(0), Number(g, 1 / MathF.Sqrt(Size)));
        var context = g.Op("MatMul", Softmax(g, g.Op("MatMul", query, Transpose(g, Apart(1), 0, 1, 3, 2))), Apart(2));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Op("Concat", [Length(g, x, 0), Length(g, x, 1), Axes(g, Width)], ("axis", 0L))));

        Value Apart(int part) => parts is null
            ? g.Op("Gather", [packed, g.Constant(Tensor.Create([], (long)part))], ("axis", 0L))
            : g.Op("Squeeze", parts.Output(part), Axes(g, 0));
    }

    /// <summary>Swin's WindowAttention over 2 images of 3 windows of 4: relative positions for each head, then a mask for each window.</summary>
    private static OnnxModel Swin(long opset)
    {
        const int images = 2, windows = 3, length = 4;
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, images * windows, length, Width);
        var packed = Transpose(g, g.Op("Reshape", Packed(g, x), Axes(g, images * windows, length, 3, Heads, Size)), 2, 0, 3, 1, 4);
        var scores = g.Op("MatMul", g.Op("Mul", Apart(0), Number(g, 1 / MathF.Sqrt(Size))), Transpose(g, Apart(1), 0, 1, 3, 2));
        var biased = g.Op("Add", scores, g.Op("Unsqueeze", Weight(g, "positions", Heads, length, length), Axes(g, 0)));
        float[] cut = [.. Enumerable.Range(0, windows * length * length).Select(i => i % 5 == 0 ? -100f : 0)];
        var mask = g.Op("Unsqueeze", g.Initializer("windows", Tensor.Create([windows, length, length], cut)), Axes(g, 0, 2));
        var masked = g.Op("Add", g.Op("Reshape", biased, Axes(g, images, windows, Heads, length, length)), mask);
        var context = g.Op("MatMul", Softmax(g, g.Op("Reshape", masked, Axes(g, -1, Heads, length, length))), Apart(2));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), Axes(g, images * windows, length, Width)));

        Value Apart(int part) => g.Op("Gather", [packed, g.Constant(Tensor.Create([], (long)part))], ("axis", 0L));
    }

    /// <summary>PaddleOCR's global mixing: zeros and minus one in shapes, a Slice and a Squeeze for each index.</summary>
    private static OnnxModel SceneText(long opset)
    {
        var g = new GraphBuilder(opset);
        var x = g.Input("x", DataType.Float, "batch", "columns", Width);
        var packed = Transpose(g, g.Op("Reshape", Packed(g, x), g.Constant(Tensor.Create([5], 0L, -1L, 3L, Heads, Size))), 2, 0, 3, 1, 4);
        var query = g.Op("Mul", Apart(0), g.Constant(Tensor.Create([1], 1 / MathF.Sqrt(Size))));
        var weights = g.Op("Softmax", [g.Op("MatMul", query, Transpose(g, Apart(1), 0, 1, 3, 2))], ("axis", 3L));
        var context = g.Op("MatMul", weights, Apart(2));
        return End(g, g.Op("Reshape", Transpose(g, context, 0, 2, 1, 3), g.Constant(Tensor.Create([3], 0L, -1L, Width))));

        Value Apart(int part) => g.Op("Squeeze", [g.Op("Slice", packed, Axes(g, part), Axes(g, part + 1), Axes(g, 0))], ("axes", new long[] { 0 }));
    }

    /// <summary>One product for query, key and value.</summary>
    private static Value Packed(GraphBuilder g, Value x) => g.Op("Add", g.Op("MatMul", x, Weight(g, "qkv", Width, 3 * Width)), Weight(g, "qkv.bias", 3 * Width));

    private static Value Length(GraphBuilder g, Value x, int axis) =>
        g.Op("Unsqueeze", g.Op("Gather", [g.Op("Shape", x), g.Constant(Tensor.Create([], (long)axis))], ("axis", 0)), Axes(g, 0));

    private static Value Axes(GraphBuilder g, params long[] axes) => g.Constant(Tensor.Create([axes.Length], axes));

    private static Value Number(GraphBuilder g, float number) => g.Constant(Tensor.Create([], number));

    private static Value ToFloat(GraphBuilder g, Value x) => g.Op("Cast", [x], ("to", (long)DataType.Float));

    private static Value Transpose(GraphBuilder g, Value x, params long[] perm) => g.Op("Transpose", [x], ("perm", perm));

    private static Value Softmax(GraphBuilder g, Value x) => g.Op("Softmax", [x], ("axis", -1L));

    private static Value Linear(GraphBuilder g, Value x, string name) => g.Op("Add", Weight(g, $"{name}.bias", Width), g.Op("MatMul", x, Weight(g, name, Width, Width)));

    private static Value Weight(GraphBuilder g, string name, params long[] dimensions)
    {
        var random = new Random(name.Sum(letter => letter));
        var elements = new float[dimensions.Aggregate(1L, (product, length) => product * length)];
        for (var i = 0; i < elements.Length; i++)
            elements[i] = random.NextSingle() - 0.5f;
        return g.Initializer(name, Tensor.Create(dimensions, elements));
    }

    /// <summary>Ends with the output projection.</summary>
    private static OnnxModel End(GraphBuilder g, Value context)
    {
        g.Output("output", g.Op("MatMul", context, Weight(g, "o", Width, Width)));
        return g.Build();
    }
}
