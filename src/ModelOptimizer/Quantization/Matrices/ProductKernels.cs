using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>The inner loop of products: a small tile of the result, kept in registers.</summary>
internal interface IProductKernel
{
    /// <summary>Rows of the tile.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the tile.</summary>
    static abstract int Columns { get; }

    /// <summary>tile = leftᵀ · right, each element summed up from the first row on, with one rounding a step where the CPU can.</summary>
    /// <param name="left">[depth, rows].</param>
    /// <param name="right">[depth, columns].</param>
    /// <param name="tile">[rows, columns].</param>
    static abstract void Multiply(ref float left, ref float right, int depth, ref float tile);
}

/// <summary>For 16 registers of 8 floats.</summary>
internal readonly struct ProductKernel256 : IProductKernel
{
    private const int Lanes = 8;

    public static int Rows => 4;

    public static int Columns => 2 * Lanes;

    public static void Multiply(ref float left, ref float right, int depth, ref float tile)
    {
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        for (var k = 0; k < depth; k++)
        {
            var (b0, b1) = (Vector256.LoadUnsafe(ref right), Vector256.LoadUnsafe(ref right, Lanes));
            var a = Vector256.Create(left);
            (c00, c01) = (Vector256.FusedMultiplyAdd(a, b0, c00), Vector256.FusedMultiplyAdd(a, b1, c01));
            a = Vector256.Create(Unsafe.Add(ref left, 1));
            (c10, c11) = (Vector256.FusedMultiplyAdd(a, b0, c10), Vector256.FusedMultiplyAdd(a, b1, c11));
            a = Vector256.Create(Unsafe.Add(ref left, 2));
            (c20, c21) = (Vector256.FusedMultiplyAdd(a, b0, c20), Vector256.FusedMultiplyAdd(a, b1, c21));
            a = Vector256.Create(Unsafe.Add(ref left, 3));
            (c30, c31) = (Vector256.FusedMultiplyAdd(a, b0, c30), Vector256.FusedMultiplyAdd(a, b1, c31));
            left = ref Unsafe.Add(ref left, 4);
            right = ref Unsafe.Add(ref right, 2 * Lanes);
        }
        Store(c00, c01, ref tile, 0);
        Store(c10, c11, ref tile, 1);
        Store(c20, c21, ref tile, 2);
        Store(c30, c31, ref tile, 3);
    }

    private static void Store(Vector256<float> low, Vector256<float> high, ref float tile, nuint row)
    {
        low.StoreUnsafe(ref tile, row * 2 * Lanes);
        high.StoreUnsafe(ref tile, row * 2 * Lanes + Lanes);
    }
}

/// <summary>For 32 registers of 16 floats. It sums up in the same order, so that the bits are the same.</summary>
internal readonly struct ProductKernel512 : IProductKernel
{
    private const int Lanes = 16;

    public static int Rows => 8;

    public static int Columns => 2 * Lanes;

    public static void Multiply(ref float left, ref float right, int depth, ref float tile)
    {
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        Vector512<float> c40 = default, c41 = default, c50 = default, c51 = default, c60 = default, c61 = default, c70 = default, c71 = default;
        for (var k = 0; k < depth; k++)
        {
            var (b0, b1) = (Vector512.LoadUnsafe(ref right), Vector512.LoadUnsafe(ref right, Lanes));
            var a = Vector512.Create(left);
            (c00, c01) = (Vector512.FusedMultiplyAdd(a, b0, c00), Vector512.FusedMultiplyAdd(a, b1, c01));
            a = Vector512.Create(Unsafe.Add(ref left, 1));
            (c10, c11) = (Vector512.FusedMultiplyAdd(a, b0, c10), Vector512.FusedMultiplyAdd(a, b1, c11));
            a = Vector512.Create(Unsafe.Add(ref left, 2));
            (c20, c21) = (Vector512.FusedMultiplyAdd(a, b0, c20), Vector512.FusedMultiplyAdd(a, b1, c21));
            a = Vector512.Create(Unsafe.Add(ref left, 3));
            (c30, c31) = (Vector512.FusedMultiplyAdd(a, b0, c30), Vector512.FusedMultiplyAdd(a, b1, c31));
            a = Vector512.Create(Unsafe.Add(ref left, 4));
            (c40, c41) = (Vector512.FusedMultiplyAdd(a, b0, c40), Vector512.FusedMultiplyAdd(a, b1, c41));
            a = Vector512.Create(Unsafe.Add(ref left, 5));
            (c50, c51) = (Vector512.FusedMultiplyAdd(a, b0, c50), Vector512.FusedMultiplyAdd(a, b1, c51));
            a = Vector512.Create(Unsafe.Add(ref left, 6));
            (c60, c61) = (Vector512.FusedMultiplyAdd(a, b0, c60), Vector512.FusedMultiplyAdd(a, b1, c61));
            a = Vector512.Create(Unsafe.Add(ref left, 7));
            (c70, c71) = (Vector512.FusedMultiplyAdd(a, b0, c70), Vector512.FusedMultiplyAdd(a, b1, c71));
            left = ref Unsafe.Add(ref left, 8);
            right = ref Unsafe.Add(ref right, 2 * Lanes);
        }
        Store(c00, c01, ref tile, 0);
        Store(c10, c11, ref tile, 1);
        Store(c20, c21, ref tile, 2);
        Store(c30, c31, ref tile, 3);
        Store(c40, c41, ref tile, 4);
        Store(c50, c51, ref tile, 5);
        Store(c60, c61, ref tile, 6);
        Store(c70, c71, ref tile, 7);
    }

    private static void Store(Vector512<float> low, Vector512<float> high, ref float tile, nuint row)
    {
        low.StoreUnsafe(ref tile, row * 2 * Lanes);
        high.StoreUnsafe(ref tile, row * 2 * Lanes + Lanes);
    }
}
