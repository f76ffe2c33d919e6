using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>The inner loop of quantization. Ties go to even, as in ONNX's QuantizeLinear.</summary>
internal static class Rounding
{
    private const int Step = 16;

    /// <summary>code = clamp(round(weight / scale) + zero point, 0, <paramref name="maxCode"/>) for each weight.</summary>
    public static void ToCodes(ReadOnlySpan<float> weights, BlockScale scale, int maxCode, Span<byte> codes)
    {
        ref var source = ref MemoryMarshal.GetReference(weights);
        ref var target = ref MemoryMarshal.GetReference(codes[..weights.Length]);
        nuint i = 0;
        for (; i + Step <= (nuint)weights.Length; i += Step)
        {
            var low = Round(Vector256.LoadUnsafe(ref source, i), scale, maxCode);
            var high = Round(Vector256.LoadUnsafe(ref source, i + Step / 2), scale, maxCode);
            var shorts = Vector256.Narrow(low, high);
            Vector128.Narrow(shorts.GetLower(), shorts.GetUpper()).AsByte().StoreUnsafe(ref target, i);
        }
        for (var j = (int)i; j < weights.Length; j++)
            codes[j] = (byte)Math.Clamp(MathF.Round(weights[j] / scale.Scale) + scale.ZeroPoint, 0, maxCode);
    }

    private static Vector256<int> Round(Vector256<float> weights, BlockScale scale, int maxCode)
    {
        var codes = Vector256.Round(weights / Vector256.Create(scale.Scale)) + Vector256.Create((float)scale.ZeroPoint);
        return Vector256.ConvertToInt32Native(Vector256.ClampNative(codes, Vector256<float>.Zero, Vector256.Create((float)maxCode)));
    }
}
