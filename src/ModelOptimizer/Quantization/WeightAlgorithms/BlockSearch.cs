namespace ModelOptimizer.Quantization;

/// <summary>How much the error of each weight of a block counts.</summary>
internal delegate void BlockImportance(ReadOnlySpan<float> weights, Span<float> importance);

/// <summary>
/// Looks for the scale and zero point that leave a block the least Σ importance · (scale · (code − zero point) − weight)². Tried are scales from a
/// little wider than the block down to ones that clip most of it, each moved to the best one for the codes that it gives; the best of all is
/// then improved by turns, codes for the scale and scale for the codes, which never makes it worse. What rounding to nearest gives is kept when
/// nothing is better.
/// </summary>
internal sealed class BlockSearch(WeightGrid grid, BlockImportance importance)
{
    private const int Scales = 64;

    private const float Widest = 1.05f;

    private const int MaxTurns = 8;

    /// <summary>Up to so many bits all zero points are tried; with more, those near the one that covers the block.</summary>
    private const int FewBits = 3;

    private const int NearZeroPoints = 2;

    /// <summary>All errors count the same.</summary>
    public static BlockImportance Equal { get; } = (_, importance) => importance.Fill(1);

    /// <summary>Errors count with the size of the input, √(Σ x²), that they are multiplied by.</summary>
    public static Func<int, BlockRounding> ByInputs(WeightGrid grid, InputGram inputs)
    {
        var sizes = Enumerable.Range(0, inputs.Depth).Select(k => MathF.Sqrt(inputs.Deciding[k * (inputs.Depth + 1)])).ToArray();
        return start => new BlockSearch(grid, (weights, importance) => sizes.AsSpan(start, weights.Length).CopyTo(importance)).Round;
    }

    // The fewer the bits, the more of a block is worth clipping.
    // (finest / widest)^(1 / (Scales − 1)) with 0.25, 0.4, 0.6 and 0.8 for the finest: written out, since powers differ from platform to platform.
    private readonly float _ratio = grid.Bits switch { <= FewBits => 0.9774784f, 4 => 0.984798f, 5 or 6 => 0.9911565f, _ => 0.9956929f };

    /// <summary>The signed grid has one code more on one side, and few bits can't waste it.</summary>
    private readonly float[] _sides = grid is { IsSymmetric: true, Bits: < 7 } ? [1, -1] : [1];

    /// <summary>Changes the scale that covers the block to the best one and writes the codes for it.</summary>
    public void Round(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes)
    {
        using var padded = new PaddedWeights(weights);
        using var counts = new PaddedWeights(weights);
        importance(weights, counts.Elements[..weights.Length]);
        scale = Best(new WeightedBlock(padded, counts, maxCode), scale);
        Rounding.ToCodes(weights, scale, maxCode, codes);
    }

    private BlockScale Best(WeightedBlock block, BlockScale covering)
    {
        var (found, most) = (covering, float.NegativeInfinity);
        for (var zero = FirstZeroPoint(covering.ZeroPoint); zero <= LastZeroPoint(covering.ZeroPoint); zero++)
            foreach (var side in _sides)
                for (var (i, step) = (0, side * Widest * covering.Scale); i < Scales; i++, step *= _ratio)
                    if (block.Refit(new BlockScale(step, (byte)zero)) is var refit && refit.Explained > most)
                        (found, most) = (refit.Scale, refit.Explained);
        var least = block.Error(covering);
        return block.Error(found) is var error && error < least ? Improve(block, found, error) : covering;
    }

    private static BlockScale Improve(WeightedBlock block, BlockScale best, float least)
    {
        for (var turn = 0; turn < MaxTurns; turn++)
        {
            var next = block.Refit(best).Scale;
            if (block.Error(next) is var error && error >= least)
                break;
            (best, least) = (next, error);
        }
        return best;
    }

    private int FirstZeroPoint(int covering) => grid.IsSymmetric ? covering : grid.Bits <= FewBits ? 0 : Math.Max(0, covering - NearZeroPoints);

    private int LastZeroPoint(int covering) =>
        grid.IsSymmetric ? covering : grid.Bits <= FewBits ? grid.MaxCode : Math.Min(grid.MaxCode, covering + NearZeroPoints);
}
