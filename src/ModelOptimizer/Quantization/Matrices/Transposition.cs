using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Exchanges rows and columns on the way from one place to another. Whole cache lines are read and written at a time: rows of large matrices lie a
/// power of two apart, where few lines at once find a place in the cache.
/// </summary>
internal static class Transposition
{
    /// <summary>Rows and columns of a tile of floats, and elements from one of its rows to the next.</summary>
    internal const int Floats = 16;
    private const int Bytes = 64;
    private const int ByteColumns = 32;

    /// <summary>target[column, row] = source[row, column].</summary>
    /// <param name="sourceStride">Elements from one row of the source to the next.</param>
    /// <param name="targetStride">The same of the target.</param>
    public static void Copy(ReadOnlySpan<float> source, int sourceStride, int rows, int columns, Span<float> target, int targetStride)
    {
        Span<float> tile = stackalloc float[Floats * Floats];
        for (var row = 0; row < rows; row += Floats)
            for (var column = 0; column < columns; column += Floats)
            {
                var (height, width) = (Math.Min(Floats, rows - row), Math.Min(Floats, columns - column));
                var from = source[(row * sourceStride + column)..];
                if (height == Floats && width == Floats)
                    TurnFloats(from, sourceStride, tile);
                else
                    Turn(from, sourceStride, height, width, tile, Floats);
                for (var c = 0; c < width; c++)
                    tile.Slice(c * Floats, height).CopyTo(target[((column + c) * targetStride + row)..]);
            }
    }

    /// <inheritdoc cref="Copy(ReadOnlySpan{float}, int, int, int, Span{float}, int)"/>
    public static void Copy(ReadOnlySpan<byte> source, int sourceStride, int rows, int columns, Span<byte> target, int targetStride)
    {
        Span<byte> tile = stackalloc byte[Bytes * ByteColumns];
        for (var row = 0; row < rows; row += Bytes)
            for (var column = 0; column < columns; column += ByteColumns)
            {
                var (height, width) = (Math.Min(Bytes, rows - row), Math.Min(ByteColumns, columns - column));
                var from = source[(row * sourceStride + column)..];
                if (height % 8 == 0 && width == ByteColumns)
                    TurnBytes(from, sourceStride, height, tile);
                else
                    Turn(from, sourceStride, height, width, tile, Bytes);
                for (var c = 0; c < width; c++)
                    tile.Slice(c * Bytes, height).CopyTo(target[((column + c) * targetStride + row)..]);
            }
    }

    private static void Turn<T>(ReadOnlySpan<T> source, int stride, int rows, int columns, Span<T> tile, int tileStride)
    {
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                tile[column * tileStride + row] = source[row * stride + column];
    }

    private static void TurnFloats(ReadOnlySpan<float> source, int stride, Span<float> tile)
    {
        ref var first = ref MemoryMarshal.GetReference(source[..((Floats - 1) * stride + Floats)]);
        ref var turned = ref MemoryMarshal.GetReference(tile[..(Floats * Floats)]);
        for (var row = 0; row < Floats; row += Step)
            for (var column = 0; column < Floats; column += Step)
            {
                ref var from = ref Unsafe.Add(ref first, row * stride + column);
                ref var to = ref Unsafe.Add(ref turned, column * Floats + row);
                if (Avx.IsSupported)
                    Turn8(ref from, stride, ref to);
                else
                    Turn4(ref from, stride, ref to);
            }
    }

    private static int Step => Avx.IsSupported ? 8 : 4;

    /// <summary>An 8×8 tile on CPUs with AVX.</summary>
    internal static void Turn8(ref float source, int stride, ref float tile)
    {
        // Pairs of rows, then fours, then eights.
        var (a0, a1) = Unpack(ref source, stride, 0);
        var (b0, b1) = Unpack(ref source, stride, 2);
        var (c0, c1) = Unpack(ref source, stride, 4);
        var (d0, d1) = Unpack(ref source, stride, 6);
        Store(Avx.UnpackLow(a0, b0), Avx.UnpackLow(c0, d0), ref tile, 0);
        Store(Avx.UnpackHigh(a0, b0), Avx.UnpackHigh(c0, d0), ref tile, 1);
        Store(Avx.UnpackLow(a1, b1), Avx.UnpackLow(c1, d1), ref tile, 2);
        Store(Avx.UnpackHigh(a1, b1), Avx.UnpackHigh(c1, d1), ref tile, 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<double> Low, Vector256<double> High) Unpack(ref float source, int stride, int row)
    {
        var first = Vector256.LoadUnsafe(ref Unsafe.Add(ref source, row * stride));
        var second = Vector256.LoadUnsafe(ref Unsafe.Add(ref source, (row + 1) * stride));
        return (Avx.UnpackLow(first, second).AsDouble(), Avx.UnpackHigh(first, second).AsDouble());
    }

    /// <summary>A column, and the one four further on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<double> rows, Vector256<double> next, ref float tile, nuint column)
    {
        Avx.Permute2x128(rows, next, 0x20).AsSingle().StoreUnsafe(ref tile, column * Floats);
        Avx.Permute2x128(rows, next, 0x31).AsSingle().StoreUnsafe(ref tile, (column + 4) * Floats);
    }

    /// <summary>A 4×4 tile on any CPU.</summary>
    internal static void Turn4(ref float source, int stride, ref float tile)
    {
        var (a, b) = Pairs(ref source, stride, 0);
        var (c, d) = Pairs(ref source, stride, 2);
        Vector128.Create(a.GetLower(), c.GetLower()).AsSingle().StoreUnsafe(ref tile);
        Vector128.Create(b.GetLower(), d.GetLower()).AsSingle().StoreUnsafe(ref tile, Floats);
        Vector128.Create(a.GetUpper(), c.GetUpper()).AsSingle().StoreUnsafe(ref tile, 2 * Floats);
        Vector128.Create(b.GetUpper(), d.GetUpper()).AsSingle().StoreUnsafe(ref tile, 3 * Floats);
    }

    /// <summary>Columns 0 and 2 of two rows, and columns 1 and 3.</summary>
    private static (Vector128<ulong> Even, Vector128<ulong> Odd) Pairs(ref float source, int stride, int row)
    {
        var first = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, row * stride)).AsUInt64();
        var second = Vector128.LoadUnsafe(ref Unsafe.Add(ref source, (row + 1) * stride)).AsUInt64();
        var low = Vector128.Create((ulong)uint.MaxValue);
        return ((first & low) | (second << 32), (first >> 32) | Vector128.AndNot(second, low));
    }

    private static void TurnBytes(ReadOnlySpan<byte> source, int stride, int rows, Span<byte> tile)
    {
        for (var row = 0; row < rows; row += 8)
        {
            // Eight columns in each number, which change places with rows by halves, quarters and eighths.
            var (v0, v4) = Exchange(Load(source, row, stride), Load(source, row + 4, stride), 32, uint.MaxValue);
            var (v1, v5) = Exchange(Load(source, row + 1, stride), Load(source, row + 5, stride), 32, uint.MaxValue);
            var (v2, v6) = Exchange(Load(source, row + 2, stride), Load(source, row + 6, stride), 32, uint.MaxValue);
            var (v3, v7) = Exchange(Load(source, row + 3, stride), Load(source, row + 7, stride), 32, uint.MaxValue);
            ((v0, v2), (v1, v3)) = (Exchange(v0, v2, 16, 0x0000FFFF0000FFFF), Exchange(v1, v3, 16, 0x0000FFFF0000FFFF));
            ((v4, v6), (v5, v7)) = (Exchange(v4, v6, 16, 0x0000FFFF0000FFFF), Exchange(v5, v7, 16, 0x0000FFFF0000FFFF));
            ((v0, v1), (v2, v3)) = (Exchange(v0, v1, 8, 0x00FF00FF00FF00FF), Exchange(v2, v3, 8, 0x00FF00FF00FF00FF));
            ((v4, v5), (v6, v7)) = (Exchange(v4, v5, 8, 0x00FF00FF00FF00FF), Exchange(v6, v7, 8, 0x00FF00FF00FF00FF));
            Store(v0, tile, 0, row);
            Store(v1, tile, 1, row);
            Store(v2, tile, 2, row);
            Store(v3, tile, 3, row);
            Store(v4, tile, 4, row);
            Store(v5, tile, 5, row);
            Store(v6, tile, 6, row);
            Store(v7, tile, 7, row);
        }
    }

    private static Vector256<ulong> Load(ReadOnlySpan<byte> source, int row, int stride) => Vector256.Create(source[(row * stride)..]).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ulong> First, Vector256<ulong> Second) Exchange(Vector256<ulong> first, Vector256<ulong> second, int bits, ulong low)
    {
        var mask = Vector256.Create(low);
        return ((first & mask) | ((second & mask) << bits), ((first >> bits) & mask) | Vector256.AndNot(second, mask));
    }

    /// <summary>Eight rows of every eighth column from the given one on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<ulong> turned, Span<byte> tile, int column, int row)
    {
        var target = tile[(column * Bytes + row)..];
        MemoryMarshal.Write(target, turned[0]);
        MemoryMarshal.Write(target[(8 * Bytes)..], turned[1]);
        MemoryMarshal.Write(target[(16 * Bytes)..], turned[2]);
        MemoryMarshal.Write(target[(24 * Bytes)..], turned[3]);
    }
}
