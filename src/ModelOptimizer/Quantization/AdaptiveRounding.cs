using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Chooses for each weight whether to round down or up so that the output of the layer, not the weight, comes closest (AdaRound: Nagel et al., "Up
/// or Down? Adaptive Rounding for Post-Training Quantization", ICML 2020, equation 13; solved by coordinate descent on the Gram matrix of the
/// layer's inputs, eᵀ·XᵀX·e, instead of by gradients).
/// </summary>
/// <remarks>
/// Half of the rows decide, the other half judge: a channel whose error does not fall on these and on all together keeps the codes it had. With
/// fewer rows than weights XᵀX has no full rank; it is damped by a share of its mean diagonal then, so that what the rows don't show counts as noise.
/// </remarks>
internal sealed class AdaptiveRounding
{
    /// <summary>The most weights of a channel: their Gram matrix [depth, depth] takes 1 GiB then.</summary>
    public const int MaxDepth = 1 << 14;

    private const int MaxSweeps = 16;

    private readonly int _depth;
    private readonly float[] _gram;
    private readonly List<float[]> _judging;

    /// <param name="rows">Inputs of the layer [depth] each, depth up to <see cref="MaxDepth"/>.</param>
    public AdaptiveRounding(IReadOnlyList<float[]> rows)
    {
        _depth = rows[0].Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(_depth, MaxDepth);
        var deciding = rows.Where((_, i) => i % 2 == 0).ToList();
        _judging = [.. rows.Where((_, i) => i % 2 == 1)];
        IsDamped = deciding.Count < _depth;
        _gram = Gram(deciding, _depth, IsDamped);
    }

    /// <summary>True when there are fewer rows than weights of a channel.</summary>
    public bool IsDamped { get; }

    /// <summary>The squared error of the products with the rows that judge.</summary>
    /// <param name="errors">What rounding added to each weight.</param>
    public double Error(float[] errors) => _judging.Sum(row => Math.Pow(TensorPrimitives.Dot<float>(row, errors), 2));

    /// <summary>Changes codes by one where that brings the products closer.</summary>
    /// <param name="targets">The weights in steps, beside the codes.</param>
    /// <param name="codes">The codes; changed.</param>
    /// <param name="allows">Whether a code may change to that number.</param>
    /// <returns>Whether the codes changed: false when the rows that judge did not agree.</returns>
    public bool Improve(float[] targets, int[] codes, Func<int, int, bool> allows)
    {
        var (best, least) = (codes, Errors(targets, codes));
        // From codes whose errors are balanced no single step leads on, though from the nearest ones another way may.
        foreach (var start in new[] { codes, Nearest(targets, codes, allows) })
        {
            var (tried, errors) = ((int[])start.Clone(), Errors(targets, start));
            Descend(errors, tried, allows);
            // Rows that had no say must gain, and all rows together.
            if (Error(errors) < Error(least) && Error(errors) + Decided(errors) < Error(least) + Decided(least))
                (best, least) = (tried, errors);
        }
        if (best == codes)
            return false;
        best.CopyTo(codes, 0);
        return true;
    }

    /// <summary>The squared error of the products with the rows that decide: eᵀ·G·e.</summary>
    private double Decided(float[] errors) => Enumerable.Range(0, _depth).Sum(k => (double)errors[k] * TensorPrimitives.Dot<float>(Column(k), errors));

    private static float[] Errors(float[] targets, int[] codes) => [.. codes.Zip(targets, (code, target) => code - target)];

    private static int[] Nearest(float[] targets, int[] codes, Func<int, int, bool> allows) =>
        [.. codes.Select((code, k) => (int)MathF.Round(targets[k]) is var nearest && allows(k, nearest) ? nearest : code)];

    private void Descend(float[] errors, int[] codes, Func<int, int, bool> allows)
    {
        var gradient = new float[_depth];
        for (var k = 0; k < _depth; k++)
            gradient[k] = TensorPrimitives.Dot<float>(Column(k), errors);
        for (var (sweep, moved) = (0, true); sweep < MaxSweeps && moved; sweep++)
        {
            moved = false;
            for (var k = 0; k < _depth; k++)
            {
                // The other neighbour of the weight: the way is never more than one step.
                var step = errors[k] > 0 ? -1 : 1;
                if (errors[k] == 0 || Gain(gradient[k], step, k) <= 0 || !allows(k, codes[k] + step))
                    continue;
                (codes[k], errors[k]) = (codes[k] + step, errors[k] + step);
                TensorPrimitives.MultiplyAdd(Column(k), step, gradient, gradient);
                moved = true;
            }
        }
    }

    /// <summary>By how much a step lessens eᵀ·G·e. Gains within float noise would turn in circles.</summary>
    private float Gain(float gradient, int step, int k) => -2 * step * gradient - _gram[k * _depth + k] * 1.0001f;

    /// <summary>The matrix is symmetric, so its rows are its columns.</summary>
    private ReadOnlySpan<float> Column(int k) => _gram.AsSpan(k * _depth, _depth);

    private static float[] Gram(List<float[]> rows, int depth, bool isDamped)
    {
        var gram = new float[depth * depth];
        var square = MatrixView.Of(gram, depth, depth);
        MatrixProduct.AddGram(square, MatrixView.Of([.. rows.SelectMany(row => row)], rows.Count, depth));
        MatrixProduct.Mirror(square);
        if (!isDamped)
            return gram;
        var noise = (float)GptqSettings.Default.Damping * Enumerable.Range(0, depth).Average(k => gram[k * depth + k]);
        for (var k = 0; k < depth; k++)
            gram[k * depth + k] += noise;
        return gram;
    }
}
