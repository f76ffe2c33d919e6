using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>Sizes of an attention.</summary>
/// <param name="KeyHeads">Heads of keys and values; fewer than <paramref name="Heads"/> are repeated.</param>
internal sealed record AttentionSize(int Heads, int KeyHeads, int Size, int Length)
{
    public override string ToString() => $"{Heads}/{KeyHeads} heads of {Size}, length {Length}";
}

/// <summary>One attention in several forms: four layers over heads side by side, with a mask for each query and key.</summary>
internal static class AttentionForms
{
    private const int Layers = 4;

    /// <summary>The forms that could stand for the formula, by name; the first is the formula itself.</summary>
    public static IReadOnlyList<(string Name, Func<AttentionSize, OnnxModel> Build)> All { get; } =
    [
        ("formula", size => Build(size, Formula)),
        ("Attention, heads side by side", size => Build(size, (g, p) => g.Op("Attention", [p.Query, p.Key, p.Value, p.Mask], ("q_num_heads", size.Heads), ("kv_num_heads", size.KeyHeads)))),
        ("Attention, heads apart", size => Build(size, (g, p) =>
            Join(g, g.Op("Attention", Apart(g, p.Query, size.Heads, size), Apart(g, p.Key, size.KeyHeads, size), Apart(g, p.Value, size.KeyHeads, size), p.Mask), size))),
        ("com.microsoft.MultiHeadAttention", size => Build(size, (g, p) =>
            g.Op("com.microsoft.MultiHeadAttention", [p.Query, Repeated(g, p.Key, size), Repeated(g, p.Value, size), null, null, p.Mask], ("num_heads", size.Heads)))),
        ("com.microsoft.GroupQueryAttention, causal", size => Build(size, (g, p) => g.Node("com.microsoft.GroupQueryAttention",
            [p.Query, p.Key, p.Value, null, null, Int32(g, [1], size.Length - 1), Int32(g, [], size.Length)], 3, ("num_heads", size.Heads), ("kv_num_heads", size.KeyHeads)).Output())),
    ];

    /// <summary>What every form is fed: queries, keys, values, and a causal mask.</summary>
    public static Dictionary<string, Tensor> Feed(AttentionSize size)
    {
        var mask = new float[size.Length * size.Length];
        for (var i = 0; i < mask.Length; i++)
            mask[i] = i % size.Length > i / size.Length ? float.MinValue : 0;
        return new()
        {
            ["query"] = CaseBuilder.Feed([1, size.Length, size.Heads * size.Size]),
            ["key"] = CaseBuilder.Feed([1, size.Length, size.KeyHeads * size.Size]),
            ["value"] = CaseBuilder.Feed([1, size.Length, size.KeyHeads * size.Size]),
            ["mask"] = Tensor.Create([1, 1, size.Length, size.Length], mask),
        };
    }

    private static OnnxModel Build(AttentionSize size, Func<GraphBuilder, Parts, Value> layer)
    {
        var g = new GraphBuilder(opset: 23);
        var parts = new Parts(size,
            g.Input("query", DataType.Float, "batch", "length", size.Heads * size.Size),
            g.Input("key", DataType.Float, "batch", "length", size.KeyHeads * size.Size),
            g.Input("value", DataType.Float, "batch", "length", size.KeyHeads * size.Size),
            g.Input("mask", DataType.Float, 1, 1, "length", "length"));
        for (var i = 0; i < Layers; i++)
            parts = parts with { Query = layer(g, parts) };
        g.Output("y", parts.Query);
        return g.Build();
    }

    private static Value Formula(GraphBuilder g, Parts parts)
    {
        var size = parts.Size;
        var (query, key, value) = (Apart(g, parts.Query, size.Heads, size), Repeated(g, parts.Key, size, apart: true), Repeated(g, parts.Value, size, apart: true));
        var products = g.Op("MatMul", query, g.Op("Transpose", [key], ("perm", new long[] { 0, 1, 3, 2 })));
        var scores = g.Op("Add", g.Op("Div", products, g.Constant(Tensor.Create([], MathF.Sqrt(size.Size)))), parts.Mask);
        return Join(g, g.Op("MatMul", g.Op("Softmax", [scores], ("axis", -1L)), value), size);
    }

    private static Value Apart(GraphBuilder g, Value joined, int heads, AttentionSize size) =>
        g.Op("Transpose", [g.Op("Reshape", joined, g.Constant(Tensor.Create([4], 0L, 0L, heads, size.Size)))], ("perm", new long[] { 0, 2, 1, 3 }));

    /// <summary>Keys or values for each head; as they are where there are as many.</summary>
    private static Value Repeated(GraphBuilder g, Value joined, AttentionSize size, bool apart = false)
    {
        if (size.KeyHeads == size.Heads)
            return apart ? Apart(g, joined, size.Heads, size) : joined;
        var spread = g.Op("Unsqueeze", Apart(g, joined, size.KeyHeads, size), g.Constant(Tensor.Create([1], 2L)));
        var repeated = g.Op("Expand", spread, g.Constant(Tensor.Create([5], 1L, 1L, size.Heads / size.KeyHeads, 1L, 1L)));
        return g.Op("Reshape", repeated, g.Constant(Tensor.Create([4], 0L, size.Heads, -1L, size.Size)));
    }

    private static Value Join(GraphBuilder g, Value apart, AttentionSize size) =>
        g.Op("Reshape", g.Op("Transpose", [apart], ("perm", new long[] { 0, 2, 1, 3 })), g.Constant(Tensor.Create([3], 0L, 0L, size.Heads * size.Size)));

    private static Value Int32(GraphBuilder g, long[] dimensions, int number) => g.Constant(Tensor.Create(DataType.Int32, dimensions, [number]));

    private sealed record Parts(AttentionSize Size, Value Query, Value Key, Value Value, Value Mask);
}
