using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Calibration;

/// <summary>
/// What the real numbers of constants are like, as text. Three numbers for each: the mean of finite magnitudes; a sum weighted by place, in
/// proportion to them; and how many elements are not finite. Another kind of CPU, whose folded constants end in other bits, comes to nearly the same; other
/// weights don't.
/// </summary>
internal static class ConstantsDigest
{
    private const int Part = 256;

    private const int Numbers = 3;

    /// <summary>Of means, in proportion. Rounding of folded constants stays a hundred times below it.</summary>
    private const float Tolerance = 1e-4f;

    /// <summary>Of weighted sums. Elements that change places make 1/√n, rounding that much less of what it makes in means.</summary>
    private const float ToleranceOfSums = 1e-5f;

    /// <summary>What rounding errors come to where a constant is nothing else. Their signs mean nothing.</summary>
    private const float Noise = 1e-9f;

    private static readonly ConditionalWeakTable<Tensor, float[]> s_tensors = [];

    private static readonly double[] s_weights = [.. Enumerable.Range(0, Part).Select(Weight)];

    /// <summary>Base64 of float32 numbers, little endian.</summary>
    public static string Of(IEnumerable<Tensor> constants) =>
        Convert.ToBase64String(MemoryMarshal.AsBytes<float>(constants.SelectMany(constant => s_tensors.GetValue(constant, Measure)).ToArray()));

    /// <summary>Whether both texts may be of the same constants. False for a damaged one.</summary>
    public static bool AreAlike(string one, string other)
    {
        if (one == other)
            return true;
        var (first, second) = (Read(one), Read(other));
        return first is not null && second is not null && first.Length == second.Length
            && first.Chunk(Numbers).Zip(second.Chunk(Numbers)).All(pair => AreAlike(pair.First, pair.Second));
    }

    private static bool AreAlike(float[] one, float[] other)
    {
        var (smaller, larger) = (MathF.Min(one[0], other[0]), MathF.Max(one[0], other[0]));
        if (!(larger - smaller <= Tolerance * larger + Noise) || one[2] != other[2])
            return false;
        // One is noise, and so is the other: only the larger has a sum.
        return (smaller <= Noise && larger > Noise) || MathF.Abs(one[1] - other[1]) <= ToleranceOfSums;
    }

    private static float[]? Read(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) && count % (Numbers * sizeof(float)) == 0
            ? MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, count)).ToArray() : null;
    }

    private static float[] Measure(Tensor constant)
    {
        var elements = constant.ElementType == DataType.Float ? constant.AsSpan<float>() : constant.ToFloats();
        var (magnitudes, sum, others, kinds) = (0.0, 0.0, 0L, 0.0);
        Span<double> part = stackalloc double[Part];
        for (var start = 0; start < elements.Length; start += Part)
        {
            var length = Math.Min(Part, elements.Length - start);
            // Two of float's lowest number, which masks consist of, overflow a float.
            TensorPrimitives.ConvertTruncating<float, double>(elements.Slice(start, length), part);
            var finite = part[..length];
            var weight = 1 + Weight(start / Part);
            if (!double.IsFinite(TensorPrimitives.SumOfMagnitudes<double>(finite)))
                kinds += weight * TakeOut(finite, ref others);
            magnitudes += TensorPrimitives.SumOfMagnitudes<double>(finite);
            sum += weight * TensorPrimitives.Dot<double>(finite, s_weights.AsSpan(0, length));
        }
        var mean = (float)(magnitudes / Math.Max(1, elements.Length - others));
        return [mean, (float)((mean > Noise ? sum / magnitudes : 0) + kinds / Math.Max(1, others)), others];
    }

    /// <summary>Puts zeros in the place of what is not finite.</summary>
    /// <returns>The sum of its weights, which differs between infinities and what is no number.</returns>
    private static double TakeOut(Span<double> part, ref long count)
    {
        var sum = 0.0;
        for (var i = 0; i < part.Length; i++)
            if (!double.IsFinite(part[i]))
            {
                count++;
                sum += s_weights[i] + (double.IsNaN(part[i]) ? 2 : Math.Sign(part[i]));
                part[i] = 0;
            }
        return sum;
    }

    /// <summary>From −1 to 1, without a pattern, so that elements and parts that change places are noticed.</summary>
    private static double Weight(int place)
    {
        // The last steps of MurmurHash3, which mix all bits.
        var hash = (uint)(place + 1);
        hash = unchecked((hash ^ (hash >> 16)) * 0x85EBCA6Bu);
        hash = unchecked((hash ^ (hash >> 13)) * 0xC2B2AE35u);
        return (int)(hash ^ (hash >> 16)) / (double)int.MaxValue;
    }
}
