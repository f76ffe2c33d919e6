using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>A = L · Lᵀ of a positive definite float32 matrix, block by block (Golub and Van Loan, "Matrix Computations", section 4.2).</summary>
internal static class Cholesky
{
    private const int Block = 64;

    /// <summary>Puts Lᵀ in the place of the upper triangle; what is below the diagonal is left undefined.</summary>
    /// <param name="matrix">[n, n]; its upper triangle counts.</param>
    /// <returns>False when it is not positive definite, as far as floats can tell.</returns>
    public static bool Factor(MatrixView matrix)
    {
        for (var start = 0; start < matrix.Rows; start += Block)
        {
            var count = Math.Min(Block, matrix.Rows - start);
            var rest = matrix.Rows - start - count;
            if (!FactorBlock(matrix.Slice(start, count, start, count)))
                return false;
            Solve(matrix.Slice(start, count, start, count), matrix.Slice(start, count, start + count, rest));
            Subtract(matrix.Slice(start + count, rest, start + count, rest), matrix.Slice(start, count, start + count, rest));
        }
        return true;
    }

    private static bool FactorBlock(MatrixView block)
    {
        for (var i = 0; i < block.Rows; i++)
        {
            var row = block.Row(i);
            for (var k = 0; k < i; k++)
                AddScaled(row[i..], block.Row(k)[i..], -block.Row(k)[i]);
            if (!(row[i] > 0) || !float.IsFinite(row[i]))
                return false;
            TensorPrimitives.Divide(row[i..], MathF.Sqrt(row[i]), row[i..]);
        }
        return true;
    }

    /// <summary>right ← (Lᵀ)⁻ᵀ · right: rows of Lᵀ beyond the block.</summary>
    private static void Solve(MatrixView block, MatrixView right)
    {
        const int width = 256;
        Cores.For(0, (right.Columns + width - 1) / width, part =>
        {
            var columns = right.Slice(0, right.Rows, part * width, Math.Min(width, right.Columns - part * width));
            for (var i = 0; i < block.Rows; i++)
            {
                for (var k = 0; k < i; k++)
                    AddScaled(columns.Row(i), columns.Row(k), -block.Row(k)[i]);
                TensorPrimitives.Divide(columns.Row(i), block.Row(i)[i], columns.Row(i));
            }
        });
    }

    private static void Subtract(MatrixView rest, MatrixView rows) => MatrixProduct.AddGram(rest, rows, sign: -1);

    private static void AddScaled(Span<float> target, ReadOnlySpan<float> source, float factor) =>
        TensorPrimitives.MultiplyAdd(source, factor, target, target);
}
