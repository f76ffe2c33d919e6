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
        var (gram, products) = (deciding.Gram(), deciding.Products());
        RidgeAnswer? best = null;
        var nothing = judging.SquaresLeft(null);
        foreach (var penalty in s_penalties)
            if (Solve(gram, products, deciding.Inputs, penalty) is { } answer && judging.SquaresLeft(answer) is var left && left < (best?.SquaresLeft ?? nothing))
                best = new(answer, penalty, left, nothing);
        if (best is null)
            return null;
        TensorPrimitives.Add(gram, judging.Gram(), gram);
        TensorPrimitives.Add(products, judging.Products(), products);
        return best with { Weights = Solve(gram, products, deciding.Inputs, best.Penalty) ?? best.Weights };
    }

    /// <param name="gram">XᵀX [n, n]; its upper triangle counts.</param>
    /// <param name="products">XᵀY [n, m].</param>
    /// <returns>B [n, m]; null when floats can't factor the matrix.</returns>
    private static float[]? Solve(float[] gram, float[] products, int inputs, float penalty)
    {
        var (factor, answer) = ((float[])gram.Clone(), (float[])products.Clone());
        var added = Math.Max(penalty * Enumerable.Range(0, inputs).Average(k => gram[k * inputs + k]), float.Epsilon);
        for (var k = 0; k < inputs; k++)
            factor[k * inputs + k] += added;
        if (!Cholesky.Factor(MatrixView.Of(factor, inputs, inputs)))
            return null;
        CholeskySolver.Solve(MatrixView.Of(factor, inputs, inputs), MatrixView.Of(answer, inputs, answer.Length / inputs));
        return FiniteSum(answer) ? answer : null;
    }

    private static bool FiniteSum(float[] numbers) => float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(numbers));
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

    /// <summary>XᵀX; its upper triangle counts.</summary>
    public float[] Gram()
    {
        var gram = new float[checked(Inputs * Inputs)];
        MatrixProduct.AddGram(MatrixView.Of(gram, Inputs, Inputs), X);
        return gram;
    }

    /// <summary>XᵀY.</summary>
    public float[] Products()
    {
        var products = new float[checked(Inputs * Y.Columns)];
        MatrixProduct.AddParallel(MatrixView.Of(products, Inputs, Y.Columns), X.Transposed, Y);
        return products;
    }

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
}
