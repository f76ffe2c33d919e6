using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>Rows of a ridge regression, to be solved with several penalties.</summary>
internal interface IRidgeSystem
{
    /// <param name="penalty">λ as a share of the mean square of an input over all rows.</param>
    /// <returns>B [inputs, outputs]; null when floats can't factor the matrix.</returns>
    float[]? Solve(float penalty);

    /// <summary>The system with more rows; this one is used up.</summary>
    IRidgeSystem With(RegressionRows more);
}

/// <summary>
/// B = (XᵀX + λI)⁻¹·XᵀY: a matrix of the inputs.
/// </summary>
internal sealed class RidgeSystem(RegressionRows rows) : IRidgeSystem
{
    private readonly float[] _gram = rows.Gram();
    private readonly float[] _products = rows.Products();
    private readonly float[] _factor = new float[rows.Inputs * rows.Inputs];

    public float[]? Solve(float penalty)
    {
        _gram.CopyTo(_factor, 0);
        var answer = (float[])_products.Clone();
        return Ridge.Solve(_factor, rows.Inputs, penalty, rows.Inputs, answer) ? answer : null;
    }

    public IRidgeSystem With(RegressionRows more)
    {
        more.AddGram(_gram);
        more.AddProducts(_products);
        return this;
    }
}

/// <summary>
/// The same as B = Xᵀ·(XXᵀ + λI)⁻¹·Y: a matrix of the rows, where these are fewer (Saunders, Gammerman and Vovk, "Ridge Regression Learning Algorithm in
/// Dual Variables", ICML 1998).
/// </summary>
internal sealed class DualRidgeSystem : IRidgeSystem
{
    private readonly RegressionRows _rows;
    private readonly int _count;

    /// <summary>Xᵀ [inputs, rows].</summary>
    private readonly MatrixView _turned;
    private readonly float[] _gram;

    public DualRidgeSystem(RegressionRows rows)
    {
        (_rows, _count) = (rows, rows.X.Rows);
        _turned = MatrixView.Of(new float[checked(rows.Inputs * _count)], rows.Inputs, _count);
        Transposition.Copy(rows.X.Elements.AsSpan(rows.X.Offset), rows.X.RowStride, _count, rows.Inputs, _turned.Elements, _count);
        _gram = new float[checked(_count * _count)];
        MatrixProduct.AddGram(MatrixView.Of(_gram, _count, _count), _turned);
    }

    public float[]? Solve(float penalty)
    {
        var (inputs, outputs) = (_rows.Inputs, _rows.Y.Columns);
        var solved = new float[checked(_count * outputs)];
        for (var row = 0; row < _count; row++)
            _rows.Y.Row(row).CopyTo(solved.AsSpan(row * outputs));
        if (!Ridge.Solve((float[])_gram.Clone(), _count, penalty, inputs, solved))
            return null;
        var answer = new float[checked(inputs * outputs)];
        MatrixProduct.AddParallel(MatrixView.Of(answer, inputs, outputs), _turned, MatrixView.Of(solved, _count, outputs));
        return Ridge.IsFinite(answer) ? answer : null;
    }

    public IRidgeSystem With(RegressionRows more) => new DualRidgeSystem(RegressionRows.Of(_rows, more));
}

/// <summary>The step that both forms share.</summary>
file static class Ridge
{
    /// <summary>Solves (A + λI)·Z = R in place.</summary>
    /// <param name="matrix">A [n, n], XᵀX or XXᵀ; its upper triangle counts, and it is changed.</param>
    /// <param name="inputs">How many inputs λ is a mean over.</param>
    /// <param name="right">R [n, m], then Z.</param>
    /// <returns>False when floats can't factor the matrix.</returns>
    public static bool Solve(float[] matrix, int size, float penalty, int inputs, float[] right)
    {
        var squares = Enumerable.Range(0, size).Sum(k => matrix[k * size + k]);
        var added = Math.Max(penalty * squares / inputs, float.Epsilon);
        for (var k = 0; k < size; k++)
            matrix[k * size + k] += added;
        var view = MatrixView.Of(matrix, size, size);
        if (!Cholesky.Factor(view))
            return false;
        CholeskySolver.Solve(view, MatrixView.Of(right, size, right.Length / size));
        return IsFinite(right);
    }

    public static bool IsFinite(float[] numbers) => float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(numbers));
}
