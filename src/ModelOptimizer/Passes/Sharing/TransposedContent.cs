using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Compares a matrix with the transpose of another, bit by bit.</summary>
internal static class TransposedContent
{
    /// <summary>Columns compared at a time: as many rows of the other matrix stay in the cache.</summary>
    private const int Tile = 32;

    public static bool AreTransposes(Tensor matrix, Tensor other) => matrix.ElementType.BitWidth() switch
    {
        8 => AreTransposes<byte>(matrix, other),
        16 => AreTransposes<ushort>(matrix, other),
        32 => AreTransposes<uint>(matrix, other),
        _ => AreTransposes<ulong>(matrix, other),
    };

    private static bool AreTransposes<T>(Tensor matrix, Tensor other) where T : unmanaged, IEquatable<T>
    {
        var (rows, columns) = ((int)matrix.Dimensions[0], (int)matrix.Dimensions[1]);
        var elements = matrix.AsSpan<T>();
        var transposed = other.AsSpan<T>();
        for (var start = 0; start < columns; start += Tile)
            for (var row = 0; row < rows; row++)
                for (var column = start; column < Math.Min(start + Tile, columns); column++)
                    if (!elements[row * columns + column].Equals(transposed[column * rows + row]))
                        return false;
        return true;
    }
}
