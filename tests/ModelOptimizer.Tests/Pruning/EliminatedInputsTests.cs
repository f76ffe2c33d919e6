using ModelOptimizer.Pruning;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Pruning;

/// <summary>What is lost with units, against the formula in doubles.</summary>
public sealed class EliminatedInputsTests
{
    private const int Depth = 180;
    private const int Outputs = 7;

    /// <summary>More inputs go than are put off at once.</summary>
    [TestCase(1)]
    [TestCase(3)]
    public void Losses_are_those_of_the_formula_however_many_went(int size)
    {
        var (rows, columns) = (Numbers(400 * Depth, 1), Numbers(Depth * Outputs, 2));
        var gram = new float[Depth * Depth];
        MatrixProduct.AddGram(MatrixView.Of(gram, Depth, Depth), MatrixView.Of(rows, 400, Depth));
        var inputs = Enumerable.Range(0, Depth / size).Select(unit => Enumerable.Range(unit * size, size).ToArray()).ToList();
        var formula = new Formula(gram, columns);

        var eliminated = EliminatedInputs.Of(columns, gram, inputs, new())!;

        for (var unit = 0; unit < 150 / size; unit++)
        {
            foreach (var left in new[] { unit, inputs.Count - 1 })
                Assert.That(eliminated.Loss(left), Is.EqualTo(formula.Loss(inputs[left])).Within(0.5).Percent, $"unit {left} when {unit} went");
            eliminated.Remove(unit);
            foreach (var input in inputs[unit])
                formula.Remove(input);
        }
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    /// <summary>One input after the other, which leaves the same as all of a unit at once.</summary>
    private sealed class Formula
    {
        private readonly double[,] _inverse = new double[Depth, Depth];
        private readonly double[,] _weights = new double[Depth, Outputs];
        private readonly double _whole;

        public Formula(float[] gram, float[] columns)
        {
            var h = new double[Depth, Depth];
            for (var i = 0; i < Depth; i++)
                for (var j = 0; j < Depth; j++)
                    h[i, j] = gram[Math.Min(i, j) * Depth + Math.Max(i, j)];
            for (var i = 0; i < Depth; i++)
                for (var o = 0; o < Outputs; o++)
                {
                    _weights[i, o] = columns[i * Outputs + o];
                    for (var j = 0; j < Depth; j++)
                        _whole += _weights[i, o] * h[i, j] * columns[j * Outputs + o];
                }
            var damping = 0.01 * Enumerable.Range(0, Depth).Average(k => h[k, k]);
            for (var k = 0; k < Depth; k++)
                (h[k, k], _inverse[k, k]) = (h[k, k] + damping, 1);
            for (var k = 0; k < Depth; k++)
                Eliminate(h, k);
        }

        public double Loss(int[] inputs)
        {
            var copy = new Formula(this);
            var loss = 0.0;
            foreach (var input in inputs)
            {
                for (var o = 0; o < Outputs; o++)
                    loss += copy._weights[input, o] * copy._weights[input, o] / copy._inverse[input, input];
                copy.Remove(input);
            }
            return loss / _whole;
        }

        private Formula(Formula other) => (_inverse, _weights, _whole) = ((double[,])other._inverse.Clone(), (double[,])other._weights.Clone(), other._whole);

        public void Remove(int input)
        {
            var (pivot, across) = (_inverse[input, input], Enumerable.Range(0, Depth).Select(k => _inverse[k, input]).ToArray());
            var (row, made) = (across.ToArray(), Enumerable.Range(0, Outputs).Select(o => _weights[input, o]).ToArray());
            for (var k = 0; k < Depth; k++)
            {
                for (var o = 0; o < Outputs; o++)
                    _weights[k, o] -= across[k] / pivot * made[o];
                for (var j = 0; j < Depth; j++)
                    _inverse[k, j] -= across[k] / pivot * row[j];
            }
        }

        /// <summary>A column of Gauss and Jordan's.</summary>
        private void Eliminate(double[,] h, int k)
        {
            var pivot = h[k, k];
            for (var j = 0; j < Depth; j++)
                (h[k, j], _inverse[k, j]) = (h[k, j] / pivot, _inverse[k, j] / pivot);
            for (var i = 0; i < Depth; i++)
                for (var (j, factor) = (0, h[i, k]); i != k && j < Depth; j++)
                    (h[i, j], _inverse[i, j]) = (h[i, j] - factor * h[k, j], _inverse[i, j] - factor * _inverse[k, j]);
        }
    }
}
