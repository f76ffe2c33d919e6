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
    /// <returns>B [inputs, outputs] by all rows, and what of the squares that judge is left; null when no answer beats zero.</returns>
    public static RidgeAnswer? Solve(RegressionRows deciding, RegressionRows judging)
    {
        // By the smaller of the two matrices.
        var isDual = deciding.X.Rows + judging.X.Rows < deciding.Inputs;
        IRidgeSystem system = isDual ? new DualRidgeSystem(deciding) : new RidgeSystem(deciding);
        RidgeAnswer? best = null;
        var nothing = judging.SquaresLeft(null);
        foreach (var penalty in s_penalties)
            if (system.Solve(penalty) is { } answer && judging.SquaresLeft(answer) is var left && left < (best?.SquaresLeft ?? nothing))
                best = new(answer, penalty, left, nothing);
        if (best is null)
            return null;
        system = system.With(judging);
        return best with { Weights = system.Solve(best.Penalty) ?? best.Weights };
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
    public static RegressionRows Of(RegressionRows first, RegressionRows then) => new(Joined(first.X, then.X), Joined(first.Y, then.Y));

    /// <summary>XᵀX; its upper triangle counts.</summary>
    public float[] Gram()
    {
        var gram = new float[checked(Inputs * Inputs)];
        AddGram(gram);
        return gram;
    }

    /// <summary>XᵀY.</summary>
    public float[] Products()
    {
        var products = new float[checked(Inputs * Y.Columns)];
        AddProducts(products);
        return products;
    }

    /// <summary>Adds XᵀX; the upper triangle counts.</summary>
    public void AddGram(float[] sum) => MatrixProduct.AddGram(MatrixView.Of(sum, Inputs, Inputs), X);

    /// <summary>Adds XᵀY.</summary>
    public void AddProducts(float[] sum) => MatrixProduct.AddParallel(MatrixView.Of(sum, Inputs, Y.Columns), X.Transposed, Y);

    /// <summary>‖Y − X·B‖².</summary>
    /// <param name="weights">B [inputs, outputs]; null for zeros.</param>
    public double SquaresLeft(float[]? weights)
    {
        var left = new float[checked(Y.Rows * Y.Columns)];
        var view = MatrixView.Of(left, Y.Rows, Y.Columns);
        for (var row = 0; row < Y.Rows; row++)
            Y.Row(row).CopyTo(view.Row(row));
        if (weights is not null)
            MatrixProduct.AddParallel(view, X, MatrixView.Of(weights, Inputs, Y.Columns), sign: -1);
        var sum = 0.0;
        for (var row = 0; row < Y.Rows; row++)
            sum += TensorPrimitives.SumOfSquares<float>(view.Row(row));
        return sum;
    }

    private static MatrixView Joined(MatrixView first, MatrixView then)
    {
        var joined = MatrixView.Of(new float[checked((first.Rows + then.Rows) * first.Columns)], first.Rows + then.Rows, first.Columns);
        for (var row = 0; row < joined.Rows; row++)
            (row < first.Rows ? first.Row(row) : then.Row(row - first.Rows)).CopyTo(joined.Row(row));
        return joined;
    }
}
