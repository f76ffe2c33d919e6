using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>Attention as vision transformers write it: four times over packed rows, <c>[batch, length, 3 · heads · size]</c>, and summed.</summary>
internal static class PackedAttentionForms
{
    private const int Layers = 4;

    public static OnnxModel Formula(AttentionSize size)
    {
        var g = new GraphBuilder(opset: 23);
        var layers = Enumerable.Range(0, Layers).Select(i => Layer(g, size, g.Input($"packed{i}", DataType.Float, "batch", "length", 3 * size.Heads * size.Size)));
        g.Output("y", layers.Aggregate((sum, layer) => g.Op("Add", sum, layer)));
        return g.Build();
    }

    public static Dictionary<string, Tensor> Feed(AttentionSize size) =>
        Enumerable.Range(0, Layers).ToDictionary(i => $"packed{i}", _ => CaseBuilder.Feed([1, size.Length, 3 * size.Heads * size.Size]));

    private static Value Layer(GraphBuilder g, AttentionSize size, Value rows)
    {
        var packed = Transposed(g, Reshaped(g, rows, 0, 0, 3, size.Heads, size.Size), 2, 0, 3, 1, 4);
        var query = g.Op("Mul", Part(g, packed, 0), g.Constant(Tensor.Create([], 1 / MathF.Sqrt(size.Size))));
        var weights = g.Op("Softmax", [g.Op("MatMul", query, Transposed(g, Part(g, packed, 1), 0, 1, 3, 2))], ("axis", -1L));
        return Reshaped(g, Transposed(g, g.Op("MatMul", weights, Part(g, packed, 2)), 0, 2, 1, 3), 0, 0, size.Heads * size.Size);
    }

    private static Value Part(GraphBuilder g, Value packed, long part) => g.Op("Gather", [packed, g.Constant(Tensor.Create([], part))], ("axis", 0L));

    private static Value Transposed(GraphBuilder g, Value x, params long[] perm) => g.Op("Transpose", [x], ("perm", perm));

    private static Value Reshaped(GraphBuilder g, Value x, params long[] shape) => g.Op("Reshape", x, g.Constant(Tensor.Create([shape.Length], shape)));
}
