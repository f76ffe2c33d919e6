using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Products of float32 matrices, blocked for the cache. Every element is summed up in the same order whatever the number of cores, with one
/// rounding a step where the CPU fuses multiplication and addition.
/// </summary>
internal static class MatrixProduct
{
    private const int Lanes = 8;
    private const int PanelColumns = 2 * Lanes;
    private const int TileRows = 4;

    /// <summary>Rows of a panel that stay in the first cache: 16 KiB.</summary>
    private const int PanelDepth = 256;

    /// <summary>c += sign · a · b, on all cores.</summary>
    /// <param name="sum">[m, n], columns neighbours in memory.</param>
    /// <param name="left">[m, k].</param>
    /// <param name="right">[k, n], columns neighbours in memory.</param>
    public static void AddParallel(MatrixView sum, MatrixView left, MatrixView right, float sign = 1)
    {
        var panels = (sum.Columns + PanelColumns - 1) / PanelColumns;
        Cores.For(0, panels, panel => AddPanel(sum, left, right, panel * PanelColumns, sign));
    }

    /// <summary>The same on the calling thread.</summary>
    public static void Add(MatrixView sum, MatrixView left, MatrixView right, float sign = 1)
    {
        for (var column = 0; column < sum.Columns; column += PanelColumns)
            AddPanel(sum, left, right, column, sign);
    }

    /// <summary>sum += sign · rowsᵀ · rows above the diagonal and on it, on all cores; what is below is left undefined.</summary>
    /// <param name="sum">[n, n].</param>
    /// <param name="rows">[k, n].</param>
    public static void AddGram(MatrixView sum, MatrixView rows, float sign = 1)
    {
        var panels = (sum.Columns + PanelColumns - 1) / PanelColumns;
        Cores.For(0, panels, panel =>
        {
            var end = Math.Min((panel + 1) * PanelColumns, sum.Columns);
            AddPanel(sum.Slice(0, end, 0, sum.Columns), rows.Transposed.Slice(0, end, 0, rows.Rows), rows, panel * PanelColumns, sign);
        });
    }

    /// <summary>Copies what is above the diagonal to below it.</summary>
    public static void Mirror(MatrixView square) => Cores.For(0, square.Rows, i =>
    {
        var row = square.Row(i);
        for (var j = 0; j < i; j++)
            row[j] = square.Elements[square.At(j, i)];
    });

    private static void AddPanel(MatrixView sum, MatrixView left, MatrixView right, int column, float sign)
    {
        var columns = Math.Min(PanelColumns, sum.Columns - column);
        var buffer = ArrayPool<float>.Shared.Rent(PanelDepth * PanelColumns);
        for (var start = 0; start < right.Rows; start += PanelDepth)
        {
            var depth = Math.Min(PanelDepth, right.Rows - start);
            Pack(right.Slice(start, depth, column, columns), buffer, sign);
            for (var row = 0; row < sum.Rows; row += TileRows)
            {
                var rows = Math.Min(TileRows, sum.Rows - row);
                AddTile(sum.Slice(row, rows, column, columns), left.Slice(row, rows, start, depth), buffer);
            }
        }
        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>Copies a panel [depth, 16], filled up with zeros.</summary>
    private static void Pack(MatrixView panel, float[] buffer, float sign)
    {
        for (var k = 0; k < panel.Rows; k++)
        {
            var target = buffer.AsSpan(k * PanelColumns, PanelColumns);
            target.Clear();
            panel.Row(k).CopyTo(target);
            if (sign < 0)
                TensorPrimitives.Negate(target, target);
        }
    }

    private static void AddTile(MatrixView sum, MatrixView left, float[] panel)
    {
        if (sum.Rows < TileRows)
        {
            for (var row = 0; row < sum.Rows; row++)
                AddRow(sum.Row(row), left, row, panel);
            return;
        }
        ref var a = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(left.Elements), left.Offset);
        ref var b = ref MemoryMarshal.GetArrayDataReference(panel);
        var (stride, step) = (left.RowStride, left.ColumnStride);
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
        for (var k = 0; k < left.Columns; k++)
        {
            var b0 = Vector256.LoadUnsafe(ref b, (nuint)(k * PanelColumns));
            var b1 = Vector256.LoadUnsafe(ref b, (nuint)(k * PanelColumns + Lanes));
            ref var column = ref Unsafe.Add(ref a, k * step);
            var a0 = Vector256.Create(column);
            (c00, c01) = (Vector256.FusedMultiplyAdd(a0, b0, c00), Vector256.FusedMultiplyAdd(a0, b1, c01));
            var a1 = Vector256.Create(Unsafe.Add(ref column, stride));
            (c10, c11) = (Vector256.FusedMultiplyAdd(a1, b0, c10), Vector256.FusedMultiplyAdd(a1, b1, c11));
            var a2 = Vector256.Create(Unsafe.Add(ref column, 2 * stride));
            (c20, c21) = (Vector256.FusedMultiplyAdd(a2, b0, c20), Vector256.FusedMultiplyAdd(a2, b1, c21));
            var a3 = Vector256.Create(Unsafe.Add(ref column, 3 * stride));
            (c30, c31) = (Vector256.FusedMultiplyAdd(a3, b0, c30), Vector256.FusedMultiplyAdd(a3, b1, c31));
        }
        AddTo(sum.Row(0), c00, c01);
        AddTo(sum.Row(1), c10, c11);
        AddTo(sum.Row(2), c20, c21);
        AddTo(sum.Row(3), c30, c31);
    }

    private static void AddRow(Span<float> sum, MatrixView left, int row, float[] panel)
    {
        ref var b = ref MemoryMarshal.GetArrayDataReference(panel);
        Vector256<float> c0 = default, c1 = default;
        for (var k = 0; k < left.Columns; k++)
        {
            var a = Vector256.Create(left.Elements[left.At(row, k)]);
            c0 = Vector256.FusedMultiplyAdd(a, Vector256.LoadUnsafe(ref b, (nuint)(k * PanelColumns)), c0);
            c1 = Vector256.FusedMultiplyAdd(a, Vector256.LoadUnsafe(ref b, (nuint)(k * PanelColumns + Lanes)), c1);
        }
        AddTo(sum, c0, c1);
    }

    private static void AddTo(Span<float> sum, Vector256<float> low, Vector256<float> high)
    {
        if (sum.Length == PanelColumns)
        {
            (Vector256.Create<float>(sum) + low).CopyTo(sum);
            (Vector256.Create<float>(sum[Lanes..]) + high).CopyTo(sum[Lanes..]);
            return;
        }
        for (var j = 0; j < sum.Length; j++)
            sum[j] += j < Lanes ? low[j] : high[j - Lanes];
    }
}
