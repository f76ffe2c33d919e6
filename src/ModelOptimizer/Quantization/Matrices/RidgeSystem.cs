using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>Rows of a ridge regression, to be solved with several penalties, each a share of the mean square of an input over all rows.</summary>
internal interface IRidgeSystem
{
    /// <summary>‖Y − X·B‖² of other rows, by penalty; without those with which floats can't factor the matrix.</summary>
    IEnumerable<(float Penalty, double Left)> SquaresLeft(IEnumerable<float> penalties, RegressionRows judging);

    /// <returns>B [inputs, outputs], which the caller owns; null when floats can't factor the matrix.</returns>
    float[]? Solve(float penalty);

    /// <summary>The system with more rows; this one is used up.</summary>
    IRidgeSystem With(RegressionRows more);

    /// <summary>Gives its arrays back.</summary>
    void Release();
}

/// <summary>B = (XᵀX + λI)⁻¹·XᵀY: a matrix of the inputs.</summary>
internal sealed class RidgeSystem : IRidgeSystem
{
    private readonly FloatBuffers _buffers;
    private readonly float[] _gram;
    private readonly float[] _factor;
    private readonly float[] _products;
    private readonly int _inputs;

    public RidgeSystem(RegressionRows rows, FloatBuffers buffers)
    {
        (_buffers, _inputs) = (buffers, rows.Inputs);
        (_gram, _factor) = (buffers.Rent(checked(_inputs * _inputs)), buffers.Rent(_inputs * _inputs));
        _products = buffers.Rent(checked(_inputs * rows.Y.Columns));
        With(rows);
    }

    public IEnumerable<(float Penalty, double Left)> SquaresLeft(IEnumerable<float> penalties, RegressionRows judging)
    {
        foreach (var penalty in penalties)
            if (Solve(penalty) is { } answer)
            {
                yield return (penalty, judging.SquaresLeft(judging.X, answer, _buffers));
                _buffers.Return(answer);
            }
    }

    public float[]? Solve(float penalty)
    {
        var answer = _buffers.Rent(_products.Length);
        _gram.CopyTo(_factor, 0);
        _products.CopyTo(answer, 0);
        if (Ridge.Solve(_factor, _inputs, penalty, _inputs, answer))
            return answer;
        _buffers.Return(answer);
        return null;
    }

    public IRidgeSystem With(RegressionRows more)
    {
        more.AddGram(_gram);
        more.AddProducts(_products);
        return this;
    }

    public void Release()
    {
        foreach (var buffer in (float[][])[_gram, _factor, _products])
            _buffers.Return(buffer);
    }
}

/// <summary>
/// The same as B = Xᵀ·(XXᵀ + λI)⁻¹·Y: a matrix of the rows, where these are fewer (Saunders, Gammerman and Vovk, "Ridge Regression Learning Algorithm in
/// Dual Variables", ICML 1998).
/// </summary>
internal sealed class DualRidgeSystem : IRidgeSystem
{
    private readonly FloatBuffers _buffers;
    private readonly RegressionRows _rows;

    /// <summary>Whether the rows are copies that go with this.</summary>
    private readonly bool _ownsRows;

    /// <summary>Xᵀ [inputs, rows].</summary>
    private readonly MatrixView _turned;
    private readonly MatrixView _gram;
    private readonly MatrixView _factor;

    public DualRidgeSystem(RegressionRows rows, FloatBuffers buffers, bool ownsRows = false)
    {
        var count = rows.X.Rows;
        (_rows, _buffers, _ownsRows) = (rows, buffers, ownsRows);
        _turned = buffers.Rent(rows.Inputs, count);
        Transposition.Copy(rows.X.Elements.AsSpan(rows.X.Offset), rows.X.RowStride, count, rows.Inputs, _turned.Elements, count);
        (_gram, _factor) = (buffers.Rent(count, count), buffers.Rent(count, count));
        MatrixProduct.AddGram(_gram, _turned);
    }

    public IEnumerable<(float Penalty, double Left)> SquaresLeft(IEnumerable<float> penalties, RegressionRows judging)
    {
        // Of B no more is asked than what it makes of other rows.
        var across = _buffers.Rent(judging.X.Rows, _turned.Columns);
        MatrixProduct.AddParallel(across, judging.X, _turned);
        foreach (var penalty in penalties)
            if (SolveRows(penalty) is { } solved)
            {
                yield return (penalty, judging.SquaresLeft(across, solved, _buffers));
                _buffers.Return(solved);
            }
        _buffers.Return(across.Elements);
    }

    public float[]? Solve(float penalty)
    {
        if (SolveRows(penalty) is not { } solved)
            return null;
        var answer = _buffers.Rent(_rows.Inputs, _rows.Y.Columns);
        MatrixProduct.AddParallel(answer, _turned, MatrixView.Of(solved, _turned.Columns, _rows.Y.Columns));
        _buffers.Return(solved);
        if (Ridge.IsFinite(answer.Elements))
            return answer.Elements;
        _buffers.Return(answer.Elements);
        return null;
    }

    public IRidgeSystem With(RegressionRows more)
    {
        var rows = RegressionRows.Of(_rows, more, _buffers);
        Release();
        return new DualRidgeSystem(rows, _buffers, ownsRows: true);
    }

    public void Release()
    {
        foreach (var matrix in (MatrixView[])[_turned, _gram, _factor, .. _ownsRows ? [_rows.X, _rows.Y] : Array.Empty<MatrixView>()])
            _buffers.Return(matrix.Elements);
    }

    /// <summary>(XXᵀ + λI)⁻¹·Y [rows, outputs].</summary>
    private float[]? SolveRows(float penalty)
    {
        var solved = RegressionRows.Copy(_rows.Y, _buffers).Elements;
        _gram.Elements.CopyTo(_factor.Elements, 0);
        if (Ridge.Solve(_factor.Elements, _turned.Columns, penalty, _rows.Inputs, solved))
            return solved;
        _buffers.Return(solved);
        return null;
    }
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
