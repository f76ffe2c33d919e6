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

    /// <param name="weights">The weights of a channel, finite.</param>
    /// <param name="scale">The grid that they were rounded to.</param>
    /// <param name="codes">Their nearest codes, 0 to <paramref name="maxCode"/>.</param>
    public static void Balance(ReadOnlySpan<float> weights, BlockScale scale, int maxCode, Span<byte> codes)
    {
        var sum = 0.0;
        for (var i = 0; i < codes.Length; i++)
            sum += Error(weights[i], scale, codes[i]);
        var (turns, step) = ((int)Math.Round(Math.Abs(sum)), sum > 0 ? -1 : 1);
        if (turns == 0)
            return;
        Span<int> counts = stackalloc int[Bins];
        for (var i = 0; i < codes.Length; i++)
            if (Bin(weights[i], scale, codes[i], step, maxCode) is var bin and >= 0)
                counts[bin]++;
        Turn(weights, scale, maxCode, codes, step, counts, turns);
    }

    /// <summary>From the bin nearest to a tie downwards as many as are wanted, and of the last bin the first.</summary>
    private static void Turn(ReadOnlySpan<float> weights, BlockScale scale, int maxCode, Span<byte> codes, int step, ReadOnlySpan<int> counts, int turns)
    {
        var last = Bins - 1;
        while (last > 0 && turns > counts[last])
            turns -= counts[last--];
        for (var i = 0; i < codes.Length; i++)
        {
            var bin = Bin(weights[i], scale, codes[i], step, maxCode);
            if (bin > last || (bin == last && turns-- > 0))
                codes[i] = (byte)(codes[i] + step);
        }
    }

    /// <summary>How near to a tie on the side of the step a weight lies; −1 for one that is better left alone or has no neighbour there.</summary>
    private static int Bin(float weight, BlockScale scale, byte code, int step, int maxCode)
    {
        var error = Error(weight, scale, code) * -step;
        return error is > 0 and <= 0.5f && code + step >= 0 && code + step <= maxCode ? Math.Min((int)(error * 2 * Bins), Bins - 1) : -1;
    }

    private static float Error(float weight, BlockScale scale, byte code) => code - scale.ZeroPoint - weight / scale.Scale;
}
