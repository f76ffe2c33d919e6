using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Products of float32 matrices, packed and blocked for the caches (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008).
/// Every element is summed up in the same order whatever the number of cores and the width of vectors, with one rounding a step where the CPU fuses
/// multiplication and addition.
/// </summary>
internal static class MatrixProduct
{
    /// <summary>Products that are summed up before they are added to what was there.</summary>
    private const int Depth = 256;

    /// <summary>Columns of the right operand that are packed at once: with the depth 128 KiB, which stay in the second cache.</summary>
    private const int BlockColumns = 128;

    /// <summary>Rows that read them.</summary>
    private const int BlockRows = 512;

    /// <summary>c += sign · a · b, on all cores.</summary>
    /// <param name="sum">[m, n], columns neighbours in memory.</param>
    /// <param name="left">[m, k].</param>
    /// <param name="right">[k, n], columns neighbours in memory.</param>
    public static void AddParallel(MatrixView sum, MatrixView left, MatrixView right, float sign = 1) =>
        ForBlocks(sum, (part, row, column) =>
            AddBlock(part, left.Slice(row, part.Rows, 0, left.Columns), right.Slice(0, right.Rows, column, part.Columns), sign));

    /// <summary>The same on the calling thread.</summary>
    public static void Add(MatrixView sum, MatrixView left, MatrixView right, float sign = 1)
    {
        for (var column = 0; column < sum.Columns; column += BlockColumns)
        {
            var columns = Math.Min(BlockColumns, sum.Columns - column);
            AddBlock(sum.Slice(0, sum.Rows, column, columns), left, right.Slice(0, right.Rows, column, columns), sign);
        }
    }

    /// <summary>sum += sign · rowsᵀ · rows above the diagonal and on it, on all cores; what is below is left undefined.</summary>
    /// <param name="sum">[n, n].</param>
    /// <param name="rows">[k, n].</param>
    public static void AddGram(MatrixView sum, MatrixView rows, float sign = 1) =>
        ForBlocks(sum, (part, row, column) =>
        {
            // Of a block that meets the diagonal only the rows down to it.
            part = part with { Rows = Math.Min(part.Rows, column + part.Columns - row) };
            if (part.Rows > 0)
                AddBlock(part, rows.Transposed.Slice(row, part.Rows, 0, rows.Rows), rows.Slice(0, rows.Rows, column, part.Columns), sign);
        });

    /// <summary>Copies what is above the diagonal to below it.</summary>
    public static void Mirror(MatrixView square) => Cores.For(0, square.Rows, i =>
    {
        var row = square.Row(i);
        for (var j = 0; j < i; j++)
            row[j] = square.Elements[square.At(j, i)];
    });

    private static void ForBlocks(MatrixView sum, Action<MatrixView, int, int> work)
    {
        var (across, down) = ((sum.Columns + BlockColumns - 1) / BlockColumns, (sum.Rows + BlockRows - 1) / BlockRows);
        Cores.For(0, across * down, block =>
        {
            var (row, column) = (block / across * BlockRows, block % across * BlockColumns);
            work(sum.Slice(row, Math.Min(BlockRows, sum.Rows - row), column, Math.Min(BlockColumns, sum.Columns - column)), row, column);
        });
    }

    private static void AddBlock(MatrixView sum, MatrixView left, MatrixView right, float sign)
    {
        if (Vector512.IsHardwareAccelerated)
            AddBlock<ProductKernel512>(sum, left, right, sign);
        else
            AddBlock<ProductKernel256>(sum, left, right, sign);
    }

    /// <summary>The same with a given kernel, for at most <see cref="BlockColumns"/> columns.</summary>
    internal static void AddBlock<T>(MatrixView sum, MatrixView left, MatrixView right, float sign) where T : IProductKernel
    {
        var strips = (sum.Columns + T.Columns - 1) / T.Columns;
        var buffer = ArrayPool<float>.Shared.Rent(Depth * (strips * T.Columns + T.Rows));
        var packedRight = buffer.AsSpan(0, Depth * strips * T.Columns);
        var packedLeft = buffer.AsSpan(packedRight.Length);
        for (var start = 0; start < right.Rows; start += Depth)
        {
            var depth = Math.Min(Depth, right.Rows - start);
            for (var strip = 0; strip < strips; strip++)
            {
                var (column, columns) = (strip * T.Columns, Math.Min(T.Columns, sum.Columns - strip * T.Columns));
                PackRight(right.Slice(start, depth, column, columns), packedRight[(depth * column)..], T.Columns, sign);
            }
            for (var row = 0; row < sum.Rows; row += T.Rows)
            {
                var rows = Math.Min(T.Rows, sum.Rows - row);
                PackLeft(left.Slice(row, rows, start, depth), packedLeft, T.Rows);
                AddTiles<T>(sum.Slice(row, rows, 0, sum.Columns), packedLeft, packedRight, depth);
            }
        }
        ArrayPool<float>.Shared.Return(buffer);
    }

    /// <summary>One tile after the other of some rows.</summary>
    private static void AddTiles<T>(MatrixView sum, Span<float> left, Span<float> right, int depth) where T : IProductKernel
    {
        Span<float> tile = stackalloc float[T.Rows * T.Columns];
        for (var column = 0; column < sum.Columns; column += T.Columns)
        {
            T.Multiply(ref MemoryMarshal.GetReference(left), ref right[depth * column], depth, ref MemoryMarshal.GetReference(tile));
            var columns = Math.Min(T.Columns, sum.Columns - column);
            for (var row = 0; row < sum.Rows; row++)
            {
                var target = sum.Row(row).Slice(column, columns);
                TensorPrimitives.Add(target, tile.Slice(row * T.Columns, columns), target);
            }
        }
    }

    /// <summary>Rows one after the other, filled up with zeros.</summary>
    private static void PackRight(MatrixView strip, Span<float> packed, int width, float sign)
    {
        for (var k = 0; k < strip.Rows; k++)
        {
            var target = packed.Slice(k * width, width);
            strip.Row(k).CopyTo(target);
            target[strip.Columns..].Clear();
            if (sign < 0)
                TensorPrimitives.Negate(target, target);
        }
    }

    /// <summary>Columns one after the other, filled up with zeros.</summary>
    private static void PackLeft(MatrixView rows, Span<float> packed, int height)
    {
        if (rows.Rows < height)
            packed[..(rows.Columns * height)].Clear();
        ref var first = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(rows.Elements), rows.Offset);
        for (var k = 0; k < rows.Columns; k++)
        {
            ref var column = ref Unsafe.Add(ref first, k * rows.ColumnStride);
            var target = packed.Slice(k * height, rows.Rows);
            for (var row = 0; row < target.Length; row++)
                target[row] = Unsafe.Add(ref column, row * rows.RowStride);
        }
    }
}
