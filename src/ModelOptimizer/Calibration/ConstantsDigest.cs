using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Calibration;

/// <summary>
/// What the real numbers of constants are like, as text: two numbers for each, the mean of magnitudes and a weighted sum in proportion to it. Another
/// kind of CPU, whose folded constants end in other bits, comes to nearly the same; other weights don't.
/// </summary>
internal static class ConstantsDigest
{
    private const int Part = 256;

    /// <summary>In proportion. Rounding of folded constants stays a hundred times below it.</summary>
    private const float Tolerance = 1e-4f;

    /// <summary>What sums of rounding errors come to where a constant is nothing else.</summary>
    private const float Noise = 1e-9f;

    private static readonly ConditionalWeakTable<Tensor, float[]> s_tensors = [];

    /// <summary>Base64 of float32 numbers, little endian.</summary>
    public static string Of(IEnumerable<Tensor> constants) =>
        Convert.ToBase64String(MemoryMarshal.AsBytes<float>(constants.SelectMany(constant => s_tensors.GetValue(constant, Measure)).ToArray()));

    /// <summary>Whether both texts may be of the same constants. False for a damaged one.</summary>
    public static bool AreAlike(string one, string other)
    {
        if (one == other)
            return true;
        var (first, second) = (Read(one), Read(other));
        if (first is null || second is null || first.Length != second.Length)
            return false;
        for (var i = 0; i < first.Length; i++)
            // The sum may cancel out: it stands in proportion already.
            if (!IsNear(first[i], second[i], i % 2 == 0 ? MathF.Max(first[i], second[i]) : 1))
                return false;
        return true;
    }

    private static bool IsNear(float one, float other, float scale) => one.Equals(other) || MathF.Abs(one - other) <= Tolerance * scale + Noise;

    private static float[]? Read(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) && count % sizeof(float) == 0
            ? MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, count)).ToArray() : null;
    }

    private static float[] Measure(Tensor constant)
    {
        var elements = constant.ElementType == DataType.Float ? constant.AsSpan<float>() : constant.ToFloats();
        var (magnitudes, sum) = (0.0, 0.0);
        for (var start = 0; start < elements.Length; start += Part)
        {
            var part = elements.Slice(start, Math.Min(Part, elements.Length - start));
            magnitudes += TensorPrimitives.SumOfMagnitudes(part);
            sum += Weight(start / Part) * TensorPrimitives.Sum(part);
        }
        return [(float)(magnitudes / Math.Max(1, elements.Length)), magnitudes > 0 ? (float)(sum / magnitudes) : 0];
    }

    /// <summary>From −1 to 1, without a pattern: so that parts that change places are noticed.</summary>
    private static double Weight(int part) => unchecked((int)((uint)(part + 1) * 0x9E3779B9u)) / (double)int.MaxValue;
}
