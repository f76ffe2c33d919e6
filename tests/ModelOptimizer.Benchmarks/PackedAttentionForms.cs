using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Attention as vision transformers write it: four times over packed rows, <c>[batch, length, 3 · heads · size]</c>, and summed; with windows,
/// each of which is an element of the batch and has a mask, as Swin writes it.
/// </summary>
internal static class PackedAttentionForms
{
    private const int Layers = 4;

    /// <param name="windows">How many windows there are; 0 for none.</param>
    public static OnnxModel Formula(AttentionSize size, int windows = 0)
    {
        var g = new GraphBuilder(opset: 23);
        Dimension[] shape = windows == 0 ? ["batch", "length", 3 * size.Heads * size.Size] : [windows, size.Length, 3 * size.Heads * size.Size];
        var layers = Enumerable.Range(0, Layers).Select(i => Layer(g, size, g.Input($"packed{i}", DataType.Float, shape), windows));
        g.Output("y", layers.Aggregate((sum, layer) => g.Op("Add", sum, layer)));
        return g.Build();
    }

    public static Dictionary<string, Tensor> Feed(AttentionSize size, int windows = 0) =>
        Enumerable.Range(0, Layers).ToDictionary(i => $"packed{i}", _ => CaseBuilder.Feed([Math.Max(windows, 1), size.Length, 3 * size.Heads * size.Size]));

    private static Value Layer(GraphBuilder g, AttentionSize size, Value rows, int windows)
    {
        var packed = Transposed(g, Reshaped(g, rows, 0, 0, 3, size.Heads, size.Size), 2, 0, 3, 1, 4);
        var query = g.Op("Mul", Part(g, packed, 0), g.Constant(Tensor.Create([], 1 / MathF.Sqrt(size.Size))));
        var scores = g.Op("MatMul", query, Transposed(g, Part(g, packed, 1), 0, 1, 3, 2));
        var weights = g.Op("Softmax", [windows == 0 ? scores : Masked(g, size, scores, windows)], ("axis", -1L));
        return Reshaped(g, Transposed(g, g.Op("MatMul", weights, Part(g, packed, 2)), 0, 2, 1, 3), 0, 0, size.Heads * size.Size);
    }

    private static Value Masked(GraphBuilder g, AttentionSize size, Value scores, int windows)
    {
        var biased = g.Op("Add", scores, g.Constant(CaseBuilder.Feed([1, size.Heads, size.Length, size.Length])));
        var apart = Reshaped(g, biased, 1, windows, size.Heads, size.Length, size.Length);
        var masked = g.Op("Add", apart, g.Constant(CaseBuilder.Feed([1, windows, 1, size.Length, size.Length])));
        return Reshaped(g, masked, windows, size.Heads, size.Length, size.Length);
    }

    private static Value Part(GraphBuilder g, Value packed, long part) => g.Op("Gather", [packed, g.Constant(Tensor.Create([], part))], ("axis", 0L));

    private static Value Transposed(GraphBuilder g, Value x, params long[] perm) => g.Op("Transpose", [x], ("perm", perm));

    private static Value Reshaped(GraphBuilder g, Value x, params long[] shape) => g.Op("Reshape", x, g.Constant(Tensor.Create([shape.Length], shape)));
}
