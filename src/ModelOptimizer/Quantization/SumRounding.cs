namespace ModelOptimizer.Quantization;

/// <summary>
/// Turns the fewest codes of a channel to their other neighbour so that the rounding errors of its weights add up to half a step at most. What is
/// common to all inputs of a product then comes out as it went in: activations behind a ReLU, Swish or Sigmoid are mostly positive, and the sum of
/// errors is what their mean is multiplied with. Those nearest to a tie turn, which costs next to nothing where inputs have no mean. Needs no data.
/// (SQuant: Guo et al., "On-the-Fly Data-Free Quantization via Diagonal Hessian Approximation", ICLR 2022, section 3.)
/// </summary>
internal static class SumRounding
{
    /// <summary>Errors of one bin cost the same: a turn adds 1 − 2|e| to the sum of squares, e in steps.</summary>
    private const int Bins = 256;

    /// <summary>Where neighbours limit each other, some of the turns planned can't be made, and others stand in for them in the next round.</summary>
    private const int Rounds = 4;

    /// <param name="weights">The weights of a channel, finite.</param>
    /// <param name="scale">The grid that they were rounded to.</param>
    /// <param name="codes">Their nearest codes, 0 to <paramref name="maxCode"/>.</param>
    /// <param name="safeSum">What codes of equal sign, zero taken off, add up to at most in each pair of neighbours; so they do before and after.</param>
    public static void Balance(ReadOnlySpan<float> weights, BlockScale scale, int maxCode, Span<byte> codes, int safeSum = int.MaxValue)
    {
        for (var round = 0; round < Rounds && TryTurn(weights, new Grid(scale, maxCode, safeSum), codes); round++)
        {
        }
    }

    /// <returns>False when there is nothing left to mend.</returns>
    private static bool TryTurn(ReadOnlySpan<float> weights, Grid grid, Span<byte> codes)
    {
        var sum = 0.0;
        for (var i = 0; i < codes.Length; i++)
            sum += grid.Error(weights[i], codes[i]);
        var (turns, step) = ((int)Math.Round(Math.Abs(sum)), sum > 0 ? -1 : 1);
        if (turns == 0)
            return false;
        Span<int> counts = stackalloc int[Bins];
        for (var i = 0; i < codes.Length; i++)
            if (Bin(weights[i], grid, codes, i, step) is var bin and >= 0)
                counts[bin]++;
        Turn(weights, grid, codes, step, counts, turns);
        return true;
    }

    /// <summary>From the bin nearest to a tie downwards as many as are wanted, and of the last bin the first.</summary>
    private static void Turn(ReadOnlySpan<float> weights, Grid grid, Span<byte> codes, int step, ReadOnlySpan<int> counts, int turns)
    {
        var last = Bins - 1;
        while (last > 0 && turns > counts[last])
            turns -= counts[last--];
        for (var i = 0; i < codes.Length; i++)
        {
            var bin = Bin(weights[i], grid, codes, i, step);
            if (bin > last || (bin == last && turns-- > 0))
                codes[i] = (byte)(codes[i] + step);
        }
    }

    /// <summary>How near to a tie on the side of the step a weight lies; −1 for one that is better left alone or may not turn there.</summary>
    private static int Bin(float weight, Grid grid, ReadOnlySpan<byte> codes, int i, int step)
    {
        var error = grid.Error(weight, codes[i]) * -step;
        return error is > 0 and <= 0.5f && grid.Allows(codes, i, codes[i] + step) ? Math.Min((int)(error * 2 * Bins), Bins - 1) : -1;
    }

    private readonly record struct Grid(BlockScale Scale, int MaxCode, int SafeSum)
    {
        public float Error(float weight, byte code) => code - Scale.ZeroPoint - weight / Scale.Scale;

        public bool Allows(ReadOnlySpan<byte> codes, int i, int code)
        {
            if (code < 0 || code > MaxCode)
                return false;
            // Neighbours are the first and second, third and fourth; the last may be alone.
            if (SafeSum == int.MaxValue || (i ^ 1) >= codes.Length)
                return true;
            var (own, other) = (code - Scale.ZeroPoint, codes[i ^ 1] - Scale.ZeroPoint);
            return Math.Max(own, 0) + Math.Max(other, 0) <= SafeSum && Math.Min(own, 0) + Math.Min(other, 0) >= -SafeSum;
        }
    }
}
