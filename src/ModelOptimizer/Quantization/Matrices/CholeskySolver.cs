using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>Solves A · X = B with the factor of a positive definite A, block by block (Golub and Van Loan, "Matrix Computations", section 3.1).</summary>
internal static class CholeskySolver
{
    private const int Block = 64;
    private const int Width = 256;

    /// <summary>Puts X in the place of B.</summary>
    /// <param name="factor">[n, n] as <see cref="Cholesky.Factor"/> leaves it: Lᵀ in the upper triangle.</param>
    /// <param name="right">B [n, m], columns neighbours in memory.</param>
    public static void Solve(MatrixView factor, MatrixView right)
    {
        SolveLower(factor, right);
        for (var block = (factor.Rows + Block - 1) / Block - 1; block >= 0; block--)
            Backward(factor, right, block * Block);
    }

    /// <summary>The first half of it: puts Z with L · Z = B in the place of B.</summary>
    /// <inheritdoc cref="Solve"/>
    public static void SolveLower(MatrixView factor, MatrixView right)
    {
        for (var start = 0; start < factor.Rows; start += Block)
            Forward(factor, right, start);
    }

    /// <summary>L · Z = B from the first row on.</summary>
    private static void Forward(MatrixView factor, MatrixView right, int start)
    {
        var count = Math.Min(Block, factor.Rows - start);
        var rest = factor.Rows - start - count;
        var (triangle, rows) = (factor.Slice(start, count, start, count), right.Slice(start, count, 0, right.Columns));
        ForColumns(rows, columns =>
        {
            for (var i = 0; i < count; i++)
            {
                for (var k = 0; k < i; k++)
                    Subtract(columns.Row(i), columns.Row(k), triangle.Row(k)[i]);
                TensorPrimitives.Divide(columns.Row(i), triangle.Row(i)[i], columns.Row(i));
            }
        });
        MatrixProduct.AddParallel(
            right.Slice(start + count, rest, 0, right.Columns), factor.Slice(start, count, start + count, rest).Transposed, rows, sign: -1);
    }

    /// <summary>Lᵀ · X = Z from the last row on.</summary>
    private static void Backward(MatrixView factor, MatrixView right, int start)
    {
        var count = Math.Min(Block, factor.Rows - start);
        var (triangle, rows) = (factor.Slice(start, count, start, count), right.Slice(start, count, 0, right.Columns));
        ForColumns(rows, columns =>
        {
            for (var i = count - 1; i >= 0; i--)
            {
                for (var k = i + 1; k < count; k++)
                    Subtract(columns.Row(i), columns.Row(k), triangle.Row(i)[k]);
                TensorPrimitives.Divide(columns.Row(i), triangle.Row(i)[i], columns.Row(i));
            }
        });
        MatrixProduct.AddParallel(right.Slice(0, start, 0, right.Columns), factor.Slice(0, start, start, count), rows, sign: -1);
    }

    private static void ForColumns(MatrixView rows, Action<MatrixView> work) => Cores.For(0, (rows.Columns + Width - 1) / Width, part =>
        work(rows.Slice(0, rows.Rows, part * Width, Math.Min(Width, rows.Columns - part * Width))));

    private static void Subtract(Span<float> target, ReadOnlySpan<float> source, float factor) =>
        TensorPrimitives.MultiplyAdd(source, -factor, target, target);
}
