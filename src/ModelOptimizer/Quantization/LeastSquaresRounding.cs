using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Rounds to nearest on the step that leaves each channel the least squared error, of a range around the one that just covers it: a finer
/// one clips the largest weights, a coarser one may meet more of them. The step max / 127 that other
/// tools take is among those tried. Weights that are summed up are then balanced, see <see cref="SumRounding"/>.
/// </summary>
internal static class LeastSquaresRounding
{
    // Beyond these the error was never least, of 8-bit weights.
    private const int Coarsest = -8;
    private const int Finest = 24;
    private const float Tries = 128;

    /// <param name="sums">Whether the weights of a channel are summed up.</param>
    /// <returns>The codes, one scale for each channel; null when a weight is infinite or not a number.</returns>
    public static QuantizedWeight? Quantize(WeightMatrix weight, WeightGrid grid, bool sums = true) =>
        RoundToNearest.Quantize(weight, grid, weight.Depth, sums ? ToBalancedCodes : ToCodes);

    /// <summary>The same for weights that are summed up, with wider steps in those channels where sums of two products could exceed 16 bits, as wide as these need.</summary>
    /// <param name="widened">How many channels those are.</param>
    public static QuantizedWeight? QuantizeWithin16Bits(WeightMatrix weight, WeightGrid grid, out int widened)
    {
        var count = 0;
        var result = RoundToNearest.Quantize(weight, grid, weight.Depth, Round);
        widened = count;
        return result;

        void Round(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes)
        {
            ToCodes(weights, ref scale, maxCode, codes);
            if (Widen(weights, ref scale, maxCode, codes))
                Interlocked.Increment(ref count);
            // Last: a wider step makes other errors.
            SumRounding.Balance(weights, scale, maxCode, codes, SaturationBound.SafeSum);
        }
    }

    private static void ToCodes(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes)
    {
        var least = SquaredError(weights, scale, maxCode);
        var largest = MathF.Abs(TensorPrimitives.MaxMagnitude(weights));
        var levels = maxCode / 2f;
        for (var i = Coarsest; i <= Finest; i++)
        {
            var tried = scale with { Scale = largest / (levels * (1 + i / Tries) - 0.5f) };
            if (SquaredError(weights, tried, maxCode) is var error && error < least)
                (scale, least) = (tried, error);
        }
        Rounding.ToCodes(weights, scale, maxCode, codes);
    }

    private static void ToBalancedCodes(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes)
    {
        ToCodes(weights, ref scale, maxCode, codes);
        SumRounding.Balance(weights, scale, maxCode, codes);
    }

    private static bool Widen(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes)
    {
        var best = scale.Scale;
        while (SaturationBound.LargestSum(codes, scale.ZeroPoint) is var sum and > SaturationBound.SafeSum)
        {
            scale = scale with { Scale = scale.Scale * sum / SaturationBound.SafeSum };
            Rounding.ToCodes(weights, scale, maxCode, codes);
        }
        return scale.Scale != best;
    }

    /// <summary>Σ (code · scale − weight)², always in the same order.</summary>
    private static float SquaredError(ReadOnlySpan<float> weights, BlockScale scale, int maxCode)
    {
        var (low, high) = ((float)-scale.ZeroPoint, (float)(maxCode - scale.ZeroPoint));
        ref var first = ref MemoryMarshal.GetReference(weights);
        var sums = Vector256<float>.Zero;
        nuint i = 0;
        for (; i + 8 <= (nuint)weights.Length; i += 8)
        {
            var weight = Vector256.LoadUnsafe(ref first, i);
            var code = Vector256.ClampNative(Vector256.Round(weight / Vector256.Create(scale.Scale)), Vector256.Create(low), Vector256.Create(high));
            var error = code * Vector256.Create(scale.Scale) - weight;
            sums += error * error;
        }
        var sum = Vector256.Sum(sums);
        for (var j = (int)i; j < weights.Length; j++)
        {
            var error = Math.Clamp(MathF.Round(weights[j] / scale.Scale), low, high) * scale.Scale - weights[j];
            sum += error * error;
        }
        return sum;
    }
}
