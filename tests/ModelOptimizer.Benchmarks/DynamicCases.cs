using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks;

/// <summary>The forms that <c>quantize-dynamic</c> writes.</summary>
internal static class DynamicCases
{
    private static readonly QuantizeDynamic s_pass = new(new() { Prefer = Preference.Size });

    public static IEnumerable<FusionCase> All => [.. Products(), .. Layers()];

    private static IEnumerable<FusionCase> Products()
    {
        foreach (var rows in new long[] { 1, 16, 128 })
        {
            yield return new($"dynamic MatMul 256, {rows} rows", s_pass, [rows, 256], (b, x) => b.Op("MatMul", [x, b.Constant(256, 256)]));
            yield return new($"dynamic MatMul 1024, {rows} rows", s_pass, [rows, 1024], (b, x) => b.Op("MatMul", [x, b.Constant(1024, 1024)]));
            yield return new($"dynamic stack of 8, {rows} rows", s_pass, [8, rows, 64], (b, x) => b.Op("MatMul", [x, b.Constant(8, 64, 64)]));
            yield return new($"dynamic left operand, {rows} columns", s_pass, [256, rows], (b, x) => b.Op("MatMul", [b.Constant(256, 256), x]));
        }
        yield return new("dynamic Gather of rows, 128 of 30000", s_pass, [128], (b, x) =>
            b.Op("Gather", [b.Constant(30000, 256), b.Op("Cast", [b.Op("Abs", [x])], ("to", [(long)DataType.Int64]))]));
    }

    private static IEnumerable<FusionCase> Layers()
    {
        foreach (var size in new long[] { 64, 128, 512 })
            foreach (var steps in new long[] { 1, 16 })
                yield return new($"dynamic LSTM {size}, {steps} steps", s_pass, [steps, 1, size], (b, x) =>
                    b.Op("LSTM", [x, b.Constant(1, 4 * size, size), b.Constant(1, 4 * size, size)], ("hidden_size", [size])));
        foreach (var (hidden, heads) in new (long, long)[] { (128, 4), (768, 12) })
            foreach (var rows in new long[] { 16, 128 })
                yield return new($"dynamic Attention {hidden}, {rows} rows", s_pass, [1, rows, hidden], (b, x) =>
                    b.Op("com.microsoft.Attention", [x, b.Constant(hidden, 3 * hidden), b.Constant(3 * hidden)], ("num_heads", [heads])));
        yield return new("dynamic Conv 3x3", new QuantizeDynamic(new() { Prefer = Preference.Size, Operators = ["Conv"] }), [1, 64, 28, 28], (b, x) => b.Op("Conv", [x, b.Constant(64, 64, 3, 3)]));
        yield return new("dynamic Conv depthwise", new QuantizeDynamic(new() { Prefer = Preference.Size, Operators = ["Conv"] }), [1, 64, 28, 28], (b, x) =>
            b.Op("Conv", [x, b.Constant(64, 1, 3, 3)], ("group", [64])));
    }
}
