using System.Buffers;
using System.Numerics.Tensors;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// One layer whose inputs go unit by unit. With L·Lᵀ = H⁻¹_SS, V = L⁻¹·H⁻¹_S: and Z = L⁻¹·W_S the loss of a unit is ‖Z‖², and what it leaves behind is
/// W − Vᵀ·Z and H⁻¹ − Vᵀ·V. The latter is large: V of several units is taken off it at once, and until then wherever it is looked into.
/// </summary>
internal sealed class EliminatedInputs
{
    /// <summary>Of the mean diagonal of H, added to it.</summary>
    private const float Damping = 0.01f;

    /// <summary>Rows of V that are put off.</summary>
    private const int MostPending = 64;

    /// <summary>Inputs whose weights a thread brings up to date at a time.</summary>
    private const int Chunk = 64;

    private readonly MatrixView _weights;

    /// <summary>H⁻¹ as it was before those that are pending.</summary>
    private readonly MatrixView _inverse;

    /// <summary>V of units that went, [<see cref="_pending"/>, depth].</summary>
    private readonly MatrixView _put;
    private readonly IReadOnlyList<int[]> _inputs;

    /// <summary>The diagonal of H⁻¹ as it is now.</summary>
    private readonly float[] _diagonal;

    /// <summary>Of the weights of each input, as they are now.</summary>
    private readonly double[] _squares;
    private readonly bool[] _isGone;

    /// <summary>Squares of the outputs: losses are shares of them.</summary>
    private readonly double _whole;
    private int _pending;

    private EliminatedInputs(MatrixView weights, MatrixView inverse, IReadOnlyList<int[]> inputs, double whole, FloatBuffers buffers)
    {
        (_weights, _inverse, _inputs, _whole) = (weights, inverse, inputs, whole);
        var (depth, most) = (inverse.Rows, Math.Max(MostPending, inputs.Max(some => some.Length)));
        _put = MatrixView.Of(buffers.Rent(most * depth), most, depth);
        _diagonal = [.. Enumerable.Range(0, depth).Select(k => inverse.Row(k)[k])];
        _squares = [.. Enumerable.Range(0, depth).Select(k => (double)TensorPrimitives.SumOfSquares<float>(weights.Row(k)))];
        _isGone = new bool[depth];
    }

    /// <param name="columns">The layer's weights [depth, outputs]; they are changed.</param>
    /// <param name="gram">H = XᵀX [depth, depth]; its upper triangle counts, and it is changed.</param>
    /// <param name="inputs">By unit: its inputs.</param>
    /// <param name="buffers">Where a matrix [depth, depth] comes from.</param>
    /// <returns>Null where floats can't invert the matrix, or nothing comes out of the layer.</returns>
    public static EliminatedInputs? Of(float[] columns, float[] gram, IReadOnlyList<int[]> inputs, FloatBuffers buffers)
    {
        var depth = (int)Math.Sqrt(gram.Length);
        var (weights, square) = (MatrixView.Of(columns, depth, columns.Length / depth), MatrixView.Of(gram, depth, depth));
        var whole = Squares(weights, square, buffers);
        var added = Damping * Enumerable.Range(0, depth).Average(k => gram[k * depth + k]);
        for (var k = 0; k < depth; k++)
            gram[k * depth + k] += added;
        if (!(whole > 0) || !Cholesky.Factor(square))
            return null;
        var inverse = MatrixView.Of(buffers.Rent(gram.Length), depth, depth);
        for (var k = 0; k < depth; k++)
            inverse.Row(k)[k] = 1;
        CholeskySolver.Solve(square, inverse);
        return new(weights, inverse, inputs, whole, buffers);
    }

    /// <summary>Gives its matrices back.</summary>
    public void Release(FloatBuffers buffers)
    {
        buffers.Return(_weights.Elements);
        buffers.Return(_inverse.Elements);
        buffers.Return(_put.Elements);
    }

    /// <summary>What outputs miss without the unit, as a share of their squares.</summary>
    public double Loss(int unit)
    {
        var inputs = _inputs[unit];
        if (inputs.Length == 1)
            return _squares[inputs[0]] / Diagonal(inputs[0]) / _whole;
        var buffer = ArrayPool<float>.Shared.Rent(inputs.Length * _weights.Columns);
        var made = MatrixView.Of(buffer, inputs.Length, _weights.Columns);
        for (var i = 0; i < inputs.Length; i++)
            _weights.Row(inputs[i]).CopyTo(made.Row(i));
        Divide(Block(inputs), made);
        var squares = TensorPrimitives.SumOfSquares<float>(buffer.AsSpan(0, inputs.Length * _weights.Columns));
        ArrayPool<float>.Shared.Return(buffer);
        return squares / _whole;
    }

    public void Remove(int unit)
    {
        var inputs = _inputs[unit];
        if (_pending + inputs.Length > _put.Rows)
            TakeOff();
        var (block, made, across) = (Block(inputs), Rows(_weights, inputs), _put.Slice(_pending, inputs.Length, 0, _put.Columns));
        for (var i = 0; i < inputs.Length; i++)
        {
            _inverse.Row(inputs[i]).CopyTo(across.Row(i));
            for (var j = 0; j < _pending; j++)
                Subtract(across.Row(i), _put.Row(j), _put.Row(j)[inputs[i]]);
        }
        Divide(block, made);
        Divide(block, across);
        _pending += inputs.Length;
        foreach (var input in inputs)
            _isGone[input] = true;
        Cores.For(0, (_diagonal.Length + Chunk - 1) / Chunk, chunk =>
        {
            for (var k = chunk * Chunk; k < Math.Min((chunk + 1) * Chunk, _diagonal.Length); k++)
                if (!_isGone[k])
                    Update(k, across, made);
        });
    }

    /// <summary>Weights and diagonal of an input that stays.</summary>
    private void Update(int input, MatrixView across, MatrixView made)
    {
        for (var i = 0; i < across.Rows; i++)
        {
            var factor = across.Row(i)[input];
            Subtract(_weights.Row(input), made.Row(i), factor);
            _diagonal[input] -= factor * factor;
        }
        _squares[input] = TensorPrimitives.SumOfSquares<float>(_weights.Row(input));
    }

    private void TakeOff()
    {
        var put = _put.Slice(0, _pending, 0, _put.Columns);
        MatrixProduct.AddParallel(_inverse, put.Transposed, put, sign: -1);
        _pending = 0;
    }

    /// <summary>tr(Wᵀ·H·W), from the upper triangle.</summary>
    private static double Squares(MatrixView weights, MatrixView gram, FloatBuffers buffers)
    {
        MatrixProduct.Mirror(gram);
        var product = MatrixView.Of(buffers.Rent(weights.Elements.Length), weights.Rows, weights.Columns);
        MatrixProduct.AddParallel(product, gram, weights);
        var sum = Enumerable.Range(0, weights.Rows).Sum(row => (double)TensorPrimitives.Dot<float>(weights.Row(row), product.Row(row)));
        buffers.Return(product.Elements);
        return sum;
    }

    private float Diagonal(int input) => MathF.Max(_diagonal[input], float.Epsilon);

    private static MatrixView Rows(MatrixView of, int[] inputs)
    {
        var rows = MatrixView.Of(new float[inputs.Length * of.Columns], inputs.Length, of.Columns);
        for (var i = 0; i < inputs.Length; i++)
            of.Row(inputs[i]).CopyTo(rows.Row(i));
        return rows;
    }

    /// <summary>Lᵀ of H⁻¹_SS.</summary>
    private MatrixView Block(int[] inputs)
    {
        var block = MatrixView.Of(new float[inputs.Length * inputs.Length], inputs.Length, inputs.Length);
        for (var i = 0; i < inputs.Length; i++)
            for (var j = i; j < inputs.Length; j++)
                block.Row(i)[j] = i == j ? Diagonal(inputs[i]) : Inverse(inputs[i], inputs[j]);
        if (Cholesky.Factor(block))
            return block;
        // What has become singular, as of inputs that are gone in effect, is as good as its diagonal.
        block.Elements.AsSpan().Clear();
        for (var i = 0; i < inputs.Length; i++)
            block.Row(i)[i] = MathF.Sqrt(Diagonal(inputs[i]));
        return block;
    }

    /// <summary>An element of H⁻¹ as it is now.</summary>
    private float Inverse(int row, int column)
    {
        var element = _inverse.Row(row)[column];
        for (var j = 0; j < _pending; j++)
            element -= _put.Row(j)[row] * _put.Row(j)[column];
        return element;
    }

    private static void Divide(MatrixView block, MatrixView rows)
    {
        if (rows.Rows == 1)
            TensorPrimitives.Divide(rows.Row(0), block.Elements[0], rows.Row(0));
        else
            CholeskySolver.SolveLower(block, rows);
    }

    private static void Subtract(Span<float> target, ReadOnlySpan<float> source, float factor) =>
        TensorPrimitives.MultiplyAdd(source, -factor, target, target);
}
