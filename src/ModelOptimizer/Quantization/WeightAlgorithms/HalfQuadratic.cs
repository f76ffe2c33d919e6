namespace ModelOptimizer.Quantization;

/// <summary>
/// Lessens Σ |scale · (code − zero point) − weight|^p by half-quadratic splitting: errors are shrunk towards zero by the proximal step of |·|^p,
/// and scale and zero point are fitted to the weights without what was left of the errors, by least squares. Started from the grid that covers
/// the block and from narrower ones; the best grid met is taken, so that none is worse than rounding to nearest.
/// </summary>
internal sealed class HalfQuadratic(WeightGrid grid)
{
    private const int Turns = 10;

    /// <summary>How much the split errors cling to the true ones, for errors in steps; grows by turns.</summary>
    private const float FirstPenalty = 4;

    private const float PenaltyGrowth = 1.15f;

    private readonly float[] _starts = grid.Bits switch { <= 3 => [1, 0.8f, 0.65f, 0.5f], 4 => [1, 0.9f, 0.8f, 0.7f], _ => [1, 0.95f, 0.9f] };

    /// <summary>Changes the scale that covers the block to the best one and writes the codes for it.</summary>
    public void Round(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes)
    {
        using var padded = new PaddedWeights(weights);
        var block = new LeanBlock(padded, maxCode);
        var (best, least) = (scale, block.Norm(scale));
        foreach (var start in _starts)
        {
            var tried = scale with { Scale = scale.Scale * start };
            for (var (turn, penalty) = (0, FirstPenalty); turn < Turns; turn++, penalty *= PenaltyGrowth)
            {
                tried = Fit(block.Shrink(tried, penalty), tried, maxCode);
                if (block.Norm(tried) is var norm && norm < least)
                    (best, least) = (tried, norm);
            }
        }
        scale = best;
        Rounding.ToCodes(weights, best, maxCode, codes);
    }

    private BlockScale Fit(TargetLine line, BlockScale scale, int maxCode)
    {
        var step = grid.IsSymmetric ? line.ScaleThroughZero : line.Scale;
        if (!float.IsNormal(step))
            return scale;
        return grid.IsSymmetric
            ? scale with { Scale = step }
            : new BlockScale(step, (byte)Math.Clamp(MathF.Round(scale.ZeroPoint + line.Shift(step)), 0, maxCode));
    }
}
