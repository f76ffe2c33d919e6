using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Linear least squares with a penalty on large answers (ridge regression: Hoerl and Kennard, Technometrics 1970):
/// <code>
/// argmin ‖X·B − Y‖² + λ·‖B‖²
/// </code>
/// The rows that decide are not those that judge: the penalty that does best on these is taken, and none of the answers where all do worse than zero.
/// </summary>
internal static class RidgeRegression
{
    /// <summary>Penalties that are tried, as shares of the mean square of an input over all rows.</summary>
    private static readonly float[] s_penalties = [1e-8f, 1e-6f, 1e-5f, 1e-4f, 1e-3f, 1e-2f, 1e-1f, 1f];

    /// <summary>Solves with the penalty that judges best.</summary>
    /// <param name="deciding">X and Y that the answer follows from.</param>
    /// <param name="judging">X and Y that it is judged by.</param>
    /// <param name="buffers">Where arrays come from; that of the answer belongs to the caller.</param>
    /// <returns>B [inputs, outputs] by all rows, and what of the squares that judge is left; null when no answer beats zero.</returns>
    public static RidgeAnswer? Solve(RegressionRows deciding, RegressionRows judging, FloatBuffers buffers)
    {
        // By the smaller of the two matrices.
        var isDual = deciding.X.Rows + judging.X.Rows < deciding.Inputs;
        IRidgeSystem system = isDual ? new DualRidgeSystem(deciding, buffers) : new RidgeSystem(deciding, buffers);
        var (nothing, best) = (judging.SquaresLeft(), (Penalty: 0f, Left: double.PositiveInfinity));
        foreach (var (penalty, left) in system.SquaresLeft(s_penalties, judging))
            if (left < Math.Min(nothing, best.Left))
                best = (penalty, left);
        if (best.Left < nothing)
            system = system.With(judging);
        var weights = best.Left < nothing ? system.Solve(best.Penalty) : null;
        system.Release();
        return weights is null ? null : new(weights, best.Penalty, best.Left, nothing);
    }
}

/// <param name="Weights">B [inputs, outputs].</param>
/// <param name="Penalty">λ as a share of the mean square of an input over all rows.</param>
/// <param name="SquaresLeft">‖X·B − Y‖² on the rows that judge.</param>
/// <param name="SquaresBefore">‖Y‖² on them.</param>
internal sealed record RidgeAnswer(float[] Weights, float Penalty, double SquaresLeft, double SquaresBefore);

/// <summary>Rows of a regression.</summary>
/// <param name="X">[rows, inputs].</param>
/// <param name="Y">[rows, outputs].</param>
internal sealed record RegressionRows(MatrixView X, MatrixView Y)
{
    public int Inputs => X.Columns;

    /// <summary>The rows of one, then those of another.</summary>
    public static RegressionRows Of(RegressionRows first, RegressionRows then, FloatBuffers buffers) =>
        new(Joined(first.X, then.X, buffers), Joined(first.Y, then.Y, buffers));

    /// <summary>Adds XᵀX; the upper triangle counts.</summary>
    public void AddGram(float[] sum) => MatrixProduct.AddGram(MatrixView.Of(sum, Inputs, Inputs), X);

    /// <summary>Adds XᵀY.</summary>
    public void AddProducts(float[] sum) => MatrixProduct.AddParallel(MatrixView.Of(sum, Inputs, Y.Columns), X.Transposed, Y);

    /// <summary>‖Y‖².</summary>
    public double SquaresLeft() => Enumerable.Range(0, Y.Rows).Sum(row => (double)TensorPrimitives.SumOfSquares<float>(Y.Row(row)));

    /// <summary>‖Y − A·B‖².</summary>
    /// <param name="inputs">A [rows, k]: X, or what stands for it.</param>
    /// <param name="weights">B [k, outputs].</param>
    public double SquaresLeft(MatrixView inputs, float[] weights, FloatBuffers buffers)
    {
        var left = Copy(Y, buffers);
        MatrixProduct.AddParallel(left, inputs, MatrixView.Of(weights, inputs.Columns, Y.Columns), sign: -1);
        var squares = TensorPrimitives.SumOfSquares<float>(left.Elements);
        buffers.Return(left.Elements);
        return squares;
    }

    /// <summary>The same numbers one behind the other in an array of their own.</summary>
    public static MatrixView Copy(MatrixView rows, FloatBuffers buffers)
    {
        var copy = buffers.Rent(rows.Rows, rows.Columns);
        for (var row = 0; row < rows.Rows; row++)
            rows.Row(row).CopyTo(copy.Row(row));
        return copy;
    }

    private static MatrixView Joined(MatrixView first, MatrixView then, FloatBuffers buffers)
    {
        var joined = buffers.Rent(first.Rows + then.Rows, first.Columns);
        for (var row = 0; row < joined.Rows; row++)
            (row < first.Rows ? first.Row(row) : then.Row(row - first.Rows)).CopyTo(joined.Row(row));
        return joined;
    }
}
