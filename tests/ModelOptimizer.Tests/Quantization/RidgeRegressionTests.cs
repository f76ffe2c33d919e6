using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

/// <summary>Linear systems and least squares.</summary>
public sealed class RidgeRegressionTests
{
    private const int Inputs = 20;
    private const int Outputs = 6;

    [TestCase(1, 1)]
    [TestCase(7, 3)]
    [TestCase(64, 300)]
    [TestCase(65, 2)]
    [TestCase(200, 17)]
    public void A_system_is_solved(int size, int columns)
    {
        var rows = Numbers(3 * size * size, 1);
        var matrix = new float[size * size];
        MatrixProduct.AddGram(MatrixView.Of(matrix, size, size), MatrixView.Of(rows, 3 * size, size));
        MatrixProduct.Mirror(MatrixView.Of(matrix, size, size));
        var (answer, right) = (Numbers(size * columns, 2), new float[size * columns]);
        MatrixProduct.AddParallel(MatrixView.Of(right, size, columns), MatrixView.Of(matrix, size, size), MatrixView.Of(answer, size, columns));

        Assert.That(Cholesky.Factor(MatrixView.Of(matrix, size, size)));
        CholeskySolver.Solve(MatrixView.Of(matrix, size, size), MatrixView.Of(right, size, columns));
        Assert.That(right, Is.EqualTo(answer).Within(2e-3f));
    }

    [Test]
    public void What_is_linear_is_found()
    {
        var (x, weights) = (Numbers(400 * Inputs, 1), Numbers(Inputs * Outputs, 2));
        var y = new float[400 * Outputs];
        MatrixProduct.AddParallel(MatrixView.Of(y, 400, Outputs), MatrixView.Of(x, 400, Inputs), MatrixView.Of(weights, Inputs, Outputs));

        var answer = RidgeRegression.Solve(Rows(x, y, 0, 300), Rows(x, y, 300, 100), new())!;
        Assert.That(answer.Weights, Is.EqualTo(weights).Within(1e-4f));
        Assert.That(answer.SquaresLeft, Is.LessThan(1e-6 * answer.SquaresBefore));
    }

    [Test]
    public void Nothing_is_learned_from_noise()
    {
        var (x, y) = (Numbers(80 * Inputs, 1), Numbers(80 * Outputs, 2));
        var answer = RidgeRegression.Solve(Rows(x, y, 0, 40), Rows(x, y, 40, 40), new());

        Assert.That(answer is null || answer.SquaresLeft > 0.9 * answer.SquaresBefore);
    }

    /// <summary>Fewer rows than inputs are solved by a matrix of the rows: the same answer.</summary>
    [TestCase(6, 2)]
    [TestCase(12, 7)]
    public void Few_rows_have_the_answer_of_the_formula(int deciding, int judging)
    {
        var (all, x) = (deciding + judging, Numbers(40 * Inputs, 1));
        var y = new float[40 * Outputs];
        MatrixProduct.AddParallel(MatrixView.Of(y, 40, Outputs), MatrixView.Of(x, 40, Inputs), MatrixView.Of(Numbers(Inputs * Outputs, 2), Inputs, Outputs));

        var answer = RidgeRegression.Solve(Rows(x, y, 0, deciding), Rows(x, y, deciding, judging), new())!;

        Assert.That(answer.Weights, Is.EqualTo(Formula(Rows(x, y, 0, all), answer.Penalty)).Within(1e-3));
        Assert.That(answer.SquaresLeft, Is.LessThan(answer.SquaresBefore));
    }

    /// <summary>(XᵀX + λI)⁻¹·XᵀY in doubles, by elimination: the matrix is positive definite.</summary>
    private static double[] Formula(RegressionRows rows, float penalty)
    {
        var (x, y) = (rows.X, rows.Y);
        var system = new double[Inputs, Inputs + Outputs];
        for (var i = 0; i < Inputs; i++)
            for (var j = 0; j < Inputs + Outputs; j++)
                for (var row = 0; row < x.Rows; row++)
                    system[i, j] += (double)x.Row(row)[i] * (j < Inputs ? x.Row(row)[j] : y.Row(row)[j - Inputs]);
        var added = penalty * Enumerable.Range(0, Inputs).Average(k => system[k, k]);
        for (var k = 0; k < Inputs; k++)
            system[k, k] += added;
        for (var k = 0; k < Inputs; k++)
            for (var i = 0; i < Inputs; i++)
                for (var (j, factor) = (Inputs + Outputs - 1, system[i, k] / system[k, k]); i != k && j >= k; j--)
                    system[i, j] -= factor * system[k, j];
        return [.. from i in Enumerable.Range(0, Inputs) from j in Enumerable.Range(Inputs, Outputs) select system[i, j] / system[i, i]];
    }

    private static RegressionRows Rows(float[] x, float[] y, int start, int count) => new(
        MatrixView.Of(x, x.Length / Inputs, Inputs).Slice(start, count, 0, Inputs), MatrixView.Of(y, y.Length / Outputs, Outputs).Slice(start, count, 0, Outputs));

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
