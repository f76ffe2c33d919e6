using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Stacks of matrices [.., depth, channels], each of which has channels of its own.</summary>
internal static class MatrixStack
{
    /// <param name="content">[.., depth, channels].</param>
    public static WeightMatrix Channels(Tensor content)
    {
        var dimensions = content.Dimensions;
        var rows = new float[content.ElementCount];
        Transpose(content.AsSpan<float>(), (int)dimensions[^2], (int)dimensions[^1], rows);
        return WeightMatrix.OfRows(Tensor.Create(Swapped(dimensions.AsSpan()), rows));
    }

    /// <param name="weight">Codes of [.., channels, depth], row by row.</param>
    /// <param name="dimensions">The shape of those.</param>
    /// <returns>int8 [.., depth, channels].</returns>
    public static Tensor Codes(QuantizedWeight weight, ReadOnlySpan<long> dimensions)
    {
        var signed = new sbyte[weight.Codes.Length];
        for (var i = 0; i < signed.Length; i++)
            signed[i] = (sbyte)(weight.Codes[i] - weight.Grid.Middle);
        var codes = new sbyte[signed.Length];
        Transpose<sbyte>(signed, (int)dimensions[^2], (int)dimensions[^1], codes);
        return Tensor.Create(DataType.Int8, Swapped(dimensions), codes);
    }

    /// <returns>float [.., 1, channels] for more than one matrix, else [channels].</returns>
    public static Tensor Scales(QuantizedWeight weight, ReadOnlySpan<long> outer, long channels) =>
        Tensor.Create(outer.Length == 0 ? [channels] : [.. outer, 1, channels], weight.Scales);

    private static long[] Swapped(ReadOnlySpan<long> dimensions) => [.. dimensions[..^2], dimensions[^1], dimensions[^2]];

    private static void Transpose<T>(ReadOnlySpan<T> matrices, int rows, int columns, Span<T> result)
    {
        for (var start = 0; start < matrices.Length; start += rows * columns)
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column++)
                    result[start + column * rows + row] = matrices[start + row * columns + column];
    }
}
