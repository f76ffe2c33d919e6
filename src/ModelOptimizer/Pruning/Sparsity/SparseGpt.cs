using System.Numerics.Tensors;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Makes weights zero one input after the other, and lets the later ones make up for it (SparseGPT: Frantar and Alistarh, arXiv 2301.00774):
/// <code>
/// score_ij = w_ij² / U_jj²,  w_i,j: ← w_i,j: − (w_ij / U_jj)·U_j,j:  for those that go,  (XᵀX + λ·I)⁻¹ = Uᵀ·U
/// </code>
/// </summary>
internal sealed class SparseGpt
{
    /// <summary>Of the mean diagonal, added to it, as the paper does.</summary>
    private const float Damping = 0.01f;

    /// <summary>Inputs whose weights are chosen together.</summary>
    private const int Block = 128;

    private readonly MatrixView _factor;

    private SparseGpt(MatrixView factor) => _factor = factor;

    /// <param name="gram">XᵀX [depth, depth]; its upper triangle counts, and it is changed.</param>
    /// <returns>Null where floats can't invert the matrix.</returns>
    public static SparseGpt? Of(float[] gram, int depth)
    {
        var square = MatrixView.Of(gram, depth, depth);
        var added = MathF.Max(Damping * Enumerable.Range(0, depth).Average(k => gram[k * depth + k]), float.Epsilon);
        for (var k = 0; k < depth; k++)
            gram[k * depth + k] += added;
        if (!Cholesky.Factor(square))
            return null;
        var inverse = MatrixView.Of(new float[gram.Length], depth, depth);
        for (var k = 0; k < depth; k++)
            inverse.Row(k)[k] = 1;
        CholeskySolver.Solve(square, inverse);
        return Cholesky.Factor(inverse) ? new(inverse) : null;
    }

    /// <param name="weights">[outputs, depth]; they are changed.</param>
    public void Prune(float[] weights, SparsityPattern pattern)
    {
        var depth = _factor.Rows;
        var all = MatrixView.Of(weights, weights.Length / depth, depth);
        var group = pattern.Group ?? 1;
        var block = Math.Max(1, Block / group) * group;
        for (var start = 0; start < depth; start += block)
        {
            var count = Math.Min(block, depth - start);
            var gone = SparsityMask.Of(Scores(all, start, count), count, pattern, byRow: false);
            var errors = MatrixView.Of(new float[all.Rows * count], all.Rows, count);
            Cores.For(0, all.Rows, row => PruneRow(all.Row(row).Slice(start, count), gone.AsSpan(row * count, count), start, errors.Row(row)));
            var rest = depth - start - count;
            MatrixProduct.AddParallel(all.Slice(0, all.Rows, start + count, rest), errors, _factor.Slice(start, count, start + count, rest), sign: -1);
        }
    }

    private float[] Scores(MatrixView weights, int start, int count)
    {
        var scores = new float[weights.Rows * count];
        for (var row = 0; row < weights.Rows; row++)
            for (var j = 0; j < count; j++)
            {
                var share = weights.Row(row)[start + j] / _factor.Row(start + j)[start + j];
                scores[row * count + j] = share * share;
            }
        return scores;
    }

    private void PruneRow(Span<float> weights, ReadOnlySpan<bool> gone, int start, Span<float> errors)
    {
        for (var j = 0; j < weights.Length; j++)
        {
            if (!gone[j])
                continue;
            var influence = _factor.Row(start + j)[(start + j)..(start + weights.Length)];
            errors[j] = weights[j] / influence[0];
            TensorPrimitives.MultiplyAdd(influence, -errors[j], weights[j..], weights[j..]);
            weights[j] = 0;
        }
    }
}
