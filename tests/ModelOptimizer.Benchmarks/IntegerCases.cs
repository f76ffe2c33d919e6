using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks;

/// <summary>A layer, of which chains are made.</summary>
/// <param name="Name">The operators and sizes.</param>
/// <param name="Pass">What quantizes it.</param>
/// <param name="Input">Lengths of the only input.</param>
/// <param name="Layer">Hands on a value of the same shape.</param>
internal sealed record IntegerCase(string Name, IGraphPass Pass, long[] Input, Func<CaseBuilder, Value, Value> Layer)
{
    /// <summary>The version of the standard operators.</summary>
    public long Opset { get; init; } = 17;
}

/// <summary>The layers that are measured.</summary>
internal static class IntegerCases
{
    private static readonly QuantizeStatic s_static = new(new() { Prefer = Preference.Size });
    private static readonly QuantizeDynamic s_dynamic = new(new() { Prefer = Preference.Size });

    private static readonly (long Height, long Width)[] s_maps = [(7, 7), (14, 14), (28, 28), (56, 56)];

    public static IEnumerable<IntegerCase> All => [.. Convolutions(), .. Products("static", s_static), .. Products("dynamic", s_dynamic)];

    private static IEnumerable<IntegerCase> Convolutions()
    {
        foreach (var activation in (string[])["Relu", "HardSwish"])
            foreach (var (height, width) in s_maps)
            {
                foreach (var channels in (long[])[8, 16, 24, 32, 48, 64, 128, 256])
                    yield return Convolution(1, channels, channels, height, width, activation);
                foreach (var kernel in (long[])[3, 5])
                    foreach (var channels in (long[])[16, 32, 64, 128, 256])
                        yield return Convolution(kernel, channels, 1, height, width, activation);
                foreach (var channels in (long[])[4, 8, 16, 32, 64, 128])
                    yield return Convolution(3, channels, channels, height, width, activation);
            }
        foreach (var channels in (long[])[16, 64, 256])
            yield return Convolution(1, channels, channels, 1, 1, "Relu");
    }

    private static IntegerCase Convolution(long kernel, long channels, long depth, long height, long width, string activation)
    {
        var kind = depth == 1 ? "depthwise Conv" : "Conv";
        return new($"{kind} {kernel}x{kernel} of {channels}, {height}x{width}, {activation}", s_static, [1, channels, height, width], (b, x) =>
            b.Op(activation, [b.Op("Conv", [x, b.Constant(channels, depth, kernel, kernel), b.Constant(channels)],
                ("group", [channels / depth]), ("pads", [.. Enumerable.Repeat(kernel / 2, 4)]))]));
    }

    private static IEnumerable<IntegerCase> Products(string form, IGraphPass pass)
    {
        foreach (var rows in (long[])[1, 8, 16, 64, 128])
            foreach (var depth in (long[])[16, 32, 64, 128, 256, 512])
                yield return new($"{form} MatMul of {depth}, {rows} rows, Relu", pass, [1, rows, depth], (b, x) =>
                    b.Op("Relu", [b.Op("Add", [b.Op("MatMul", [x, b.Constant(depth, depth)]), b.Constant(depth)])]));
        foreach (var rows in (long[])[1, 16, 64])
            foreach (var depth in (long[])[16, 32, 64, 128, 256, 512])
                yield return new($"{form} Gemm of {depth}, {rows} rows, Relu", pass, [rows, depth], (b, x) =>
                    b.Op("Relu", [b.Op("Gemm", [x, b.Constant(depth, depth), b.Constant(depth)])]));
    }
}
