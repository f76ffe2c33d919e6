using System.Numerics.Tensors;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Takes units out of the inputs of layers one by one, each time the one whose loss the others make up for best, and lets them:
/// <code>
/// loss_S = tr(W_Sᵀ·(H⁻¹_SS)⁻¹·W_S),  W ← W − H⁻¹_:S·(H⁻¹_SS)⁻¹·W_S,  H⁻¹ ← H⁻¹ − H⁻¹_:S·(H⁻¹_SS)⁻¹·H⁻¹_S:
/// </code>
/// (Kurtic et al., "ZipLM", arXiv 2302.04089, equations 2 and 3). Of two units that say the same only one goes.
/// </summary>
internal sealed class BackwardElimination
{
    /// <summary>Of the mean diagonal of H, added to it.</summary>
    private const float Damping = 0.01f;

    private readonly List<Reader> _readers = [];
    private readonly int _units;

    /// <param name="units">How many units there are.</param>
    public BackwardElimination(int units) => _units = units;

    /// <summary>Whether anything is known to choose by.</summary>
    public bool Knows => _readers.Count > 0;

    /// <param name="columns">The layer's weights [depth, outputs]; they are changed.</param>
    /// <param name="gram">H = XᵀX [depth, depth]; its upper triangle counts, and it is changed.</param>
    /// <param name="inputs">By unit: its inputs.</param>
    public void Add(float[] columns, float[] gram, IReadOnlyList<int[]> inputs)
    {
        if (Reader.Of(columns, gram, inputs) is { } reader)
            _readers.Add(reader);
    }

    /// <returns>The units that go, in order.</returns>
    public IReadOnlyList<int> Run(int count)
    {
        var (left, gone) = (Enumerable.Range(0, _units).ToList(), new List<int>());
        while (gone.Count < count)
        {
            var losses = new double[left.Count];
            Cores.For(0, left.Count, i => losses[i] = _readers.Sum(reader => reader.Loss(left[i])));
            var least = Array.IndexOf(losses, losses.Min());
            _readers.ForEach(reader => reader.Remove(left[least]));
            gone.Add(left[least]);
            left.RemoveAt(least);
        }
        return gone;
    }

    private sealed class Reader
    {
        private readonly MatrixView _weights;
        private readonly MatrixView _inverse;
        private readonly IReadOnlyList<int[]> _inputs;

        /// <summary>Squares of the outputs: losses are shares of them.</summary>
        private readonly double _whole;

        private Reader(MatrixView weights, MatrixView inverse, IReadOnlyList<int[]> inputs, double whole) =>
            (_weights, _inverse, _inputs, _whole) = (weights, inverse, inputs, whole);

        /// <returns>Null where floats can't invert the matrix, or nothing comes out of the layer.</returns>
        public static Reader? Of(float[] columns, float[] gram, IReadOnlyList<int[]> inputs)
        {
            var depth = (int)Math.Sqrt(gram.Length);
            var (weights, square) = (MatrixView.Of(columns, depth, columns.Length / depth), MatrixView.Of(gram, depth, depth));
            var whole = Squares(weights, square);
            var added = Damping * Enumerable.Range(0, depth).Average(k => gram[k * depth + k]);
            for (var k = 0; k < depth; k++)
                gram[k * depth + k] += added;
            if (!(whole > 0) || !Cholesky.Factor(square))
                return null;
            var inverse = MatrixView.Of(new float[gram.Length], depth, depth);
            for (var k = 0; k < depth; k++)
                inverse.Row(k)[k] = 1;
            CholeskySolver.Solve(square, inverse);
            return new(weights, inverse, inputs, whole);
        }

        public double Loss(int unit)
        {
            var inputs = _inputs[unit];
            if (inputs.Length == 1)
                return TensorPrimitives.SumOfSquares<float>(_weights.Row(inputs[0])) / Diagonal(inputs[0]) / _whole;
            var made = Solved(inputs);
            var sum = 0.0;
            for (var i = 0; i < inputs.Length; i++)
                sum += TensorPrimitives.Dot<float>(_weights.Row(inputs[i]), made.Row(i));
            return sum / _whole;
        }

        public void Remove(int unit)
        {
            var inputs = _inputs[unit];
            var (weights, rows) = (Solved(inputs), Solved(inputs, _inverse));
            var across = inputs.Select(input => _inverse.Row(input).ToArray()).ToArray();
            Cores.For(0, _inverse.Rows, k =>
            {
                for (var i = 0; i < inputs.Length; i++)
                {
                    Subtract(_weights.Row(k), weights.Row(i), across[i][k]);
                    Subtract(_inverse.Row(k), rows.Row(i), across[i][k]);
                }
            });
        }

        /// <summary>tr(Wᵀ·H·W), from the upper triangle.</summary>
        private static double Squares(MatrixView weights, MatrixView gram)
        {
            MatrixProduct.Mirror(gram);
            var product = MatrixView.Of(new float[weights.Elements.Length], weights.Rows, weights.Columns);
            MatrixProduct.AddParallel(product, gram, weights);
            return Enumerable.Range(0, weights.Rows).Sum(row => (double)TensorPrimitives.Dot<float>(weights.Row(row), product.Row(row)));
        }

        private float Diagonal(int input) => MathF.Max(_inverse.Row(input)[input], float.Epsilon);

        private MatrixView Solved(int[] inputs) => Solved(inputs, _weights);

        /// <summary>(H⁻¹_SS)⁻¹ times rows S of a matrix.</summary>
        private MatrixView Solved(int[] inputs, MatrixView of)
        {
            var right = MatrixView.Of(new float[inputs.Length * of.Columns], inputs.Length, of.Columns);
            for (var i = 0; i < inputs.Length; i++)
                of.Row(inputs[i]).CopyTo(right.Row(i));
            var block = MatrixView.Of(new float[inputs.Length * inputs.Length], inputs.Length, inputs.Length);
            for (var i = 0; i < inputs.Length; i++)
                for (var j = i; j < inputs.Length; j++)
                    block.Row(i)[j] = i == j ? Diagonal(inputs[i]) : _inverse.Row(inputs[i])[inputs[j]];
            // What has become singular, as of inputs that are gone in effect, is as good as its diagonal.
            if (Cholesky.Factor(block))
                CholeskySolver.Solve(block, right);
            else
                for (var i = 0; i < inputs.Length; i++)
                    TensorPrimitives.Divide(right.Row(i), Diagonal(inputs[i]), right.Row(i));
            return right;
        }

        private static void Subtract(Span<float> target, ReadOnlySpan<float> source, float factor) =>
            TensorPrimitives.MultiplyAdd(source, -factor, target, target);
    }
}
