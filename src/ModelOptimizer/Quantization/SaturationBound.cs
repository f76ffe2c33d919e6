using System.Runtime.Intrinsics.X86;

namespace ModelOptimizer.Quantization;

/// <summary>
/// x86 CPUs without VNNI add two products of uint8 activations and int8 weights in 16 bits, which clips sums beyond ±32,767. Whether
/// that can happen follows from the weights alone: 255 · (w₀ + w₁) stays inside while equal signs add up to 128 at most.
/// </summary>
internal static class SaturationBound
{
    /// <summary>The largest sum of two codes of equal sign that no activations clip.</summary>
    public const int SafeSum = 128;

    /// <summary>How sure a warning is.</summary>
    public const string Words = "That is a bound from the weights alone: activations that stay small never reach it.";

    /// <summary>Whether this CPU is one that clips: x86 with neither AVX512-VNNI nor AVX-VNNI (CPUID leaf 7).</summary>
    public static bool AppliesHere => X86Base.IsSupported && (X86Base.CpuId(7, 0).Ecx >> 11 & 1) == 0 && (X86Base.CpuId(7, 1).Eax >> 4 & 1) == 0;

    /// <summary>The share of pairs that could clip.</summary>
    /// <param name="codes">[depth, channels].</param>
    public static double Share(ReadOnlySpan<sbyte> codes, int depth, int channels)
    {
        var clipping = 0L;
        for (var row = 0; row + 1 < depth; row += 2)
            for (var channel = 0; channel < channels; channel++)
                clipping += MayClip(codes[row * channels + channel], codes[(row + 1) * channels + channel]) ? 1 : 0;
        return depth < 2 || channels == 0 ? 0 : clipping / ((double)(depth / 2) * channels);
    }

    /// <summary>How many pairs of neighbours in depth could clip, of a symmetric 8-bit weight.</summary>
    public static long CountPairs(QuantizedWeight weight) =>
        Cores.Sum(weight.Channels, channel => CountPairs(weight.Codes.Slice(channel * weight.Depth, weight.Depth), weight.Grid.Middle));

    private static long CountPairs(ReadOnlySpan<byte> codes, int zero)
    {
        var count = 0L;
        for (var i = 0; i + 1 < codes.Length; i += 2)
        {
            var (first, second) = (codes[i] - zero, codes[i + 1] - zero);
            if (MayClip(first, second))
                count++;
        }
        return count;
    }

    /// <summary>Whether some activations clip the sum of their products with two weights.</summary>
    public static bool MayClip(int first, int second) =>
        Math.Max(first, 0) + Math.Max(second, 0) > SafeSum || Math.Min(first, 0) + Math.Min(second, 0) < -SafeSum;

    /// <summary>The largest sum, in absolute terms, of the codes of equal sign in a pair of neighbours of one channel.</summary>
    public static int LargestSum(ReadOnlySpan<byte> codes, int zero)
    {
        var largest = 0;
        for (var i = 0; i + 1 < codes.Length; i += 2)
        {
            var (first, second) = (codes[i] - zero, codes[i + 1] - zero);
            largest = Math.Max(largest, Math.Max(Math.Max(first, 0) + Math.Max(second, 0), -Math.Min(first, 0) - Math.Min(second, 0)));
        }
        return largest;
    }
}
