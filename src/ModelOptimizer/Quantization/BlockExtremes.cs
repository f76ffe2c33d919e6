using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>The smallest and the largest weight of a block, which is often short.</summary>
internal static class BlockExtremes
{
    private const int Lanes = 8;

    /// <returns>False when a weight is infinite or not a number; then the extremes say nothing.</returns>
    public static bool TryFind(ReadOnlySpan<float> weights, out float minimum, out float maximum)
    {
        if (weights.Length < Lanes)
            return TryFindOfFew(weights, out minimum, out maximum);
        ref var first = ref MemoryMarshal.GetReference(weights);
        // The last vector overlaps the one before: no extreme changes when a weight is seen twice.
        var last = Vector256.LoadUnsafe(ref first, (nuint)(weights.Length - Lanes));
        var (low, high, test) = (last, last, last - last);
        for (nuint i = 0; i + Lanes < (nuint)weights.Length; i += Lanes)
        {
            var some = Vector256.LoadUnsafe(ref first, i);
            low = Vector256.MinNative(low, some);
            high = Vector256.MaxNative(high, some);
            // What is finite less itself is zero; what is not is undefined, and stays so in the sum.
            test += some - some;
        }
        minimum = Smallest(low);
        maximum = -Smallest(-high);
        return Vector256.EqualsAll(test, Vector256<float>.Zero);
    }

    private static bool TryFindOfFew(ReadOnlySpan<float> weights, out float minimum, out float maximum)
    {
        (minimum, maximum) = (float.PositiveInfinity, float.NegativeInfinity);
        var finite = true;
        foreach (var weight in weights)
        {
            finite &= float.IsFinite(weight);
            minimum = MathF.Min(minimum, weight);
            maximum = MathF.Max(maximum, weight);
        }
        return finite;
    }

    private static float Smallest(Vector256<float> lanes)
    {
        var four = Vector128.MinNative(lanes.GetLower(), lanes.GetUpper());
        var two = Vector128.MinNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MinNative(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}
