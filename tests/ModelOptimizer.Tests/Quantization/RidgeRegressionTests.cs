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

        var answer = RidgeRegression.Solve(Rows(x, y, 0, 300), Rows(x, y, 300, 100))!;
        Assert.That(answer.Weights, Is.EqualTo(weights).Within(1e-4f));
        Assert.That(answer.SquaresLeft, Is.LessThan(1e-6 * answer.SquaresBefore));
    }

    [Test]
    public void Nothing_is_learned_from_noise()
    {
        var (x, y) = (Numbers(80 * Inputs, 1), Numbers(80 * Outputs, 2));
        var answer = RidgeRegression.Solve(Rows(x, y, 0, 40), Rows(x, y, 40, 40));

        Assert.That(answer is null || answer.SquaresLeft > 0.9 * answer.SquaresBefore);
    }

    private static RegressionRows Rows(float[] x, float[] y, int start, int count) => new(
        MatrixView.Of(x, x.Length / Inputs, Inputs).Slice(start, count, 0, Inputs), MatrixView.Of(y, y.Length / Outputs, Outputs).Slice(start, count, 0, Outputs));

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
