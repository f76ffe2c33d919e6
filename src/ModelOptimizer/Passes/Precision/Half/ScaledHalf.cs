using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>
/// A constant in 16 bits. Where its numbers are too large or too small for float16, a power of two brings them into range; multiplying by it again is
/// exact, and the runtime does it once, when it loads the model.
/// </summary>
/// <param name="Rounded">The constant divided by the factor.</param>
/// <param name="Factor">1, or a power of two.</param>
internal sealed record ScaledHalf(HalfPrecision Rounded, float Factor)
{
    /// <summary>Signal-to-noise ratio that rounding of normal numbers leaves at least, in dB.</summary>
    private const double NormalSqnr = 70;

    /// <summary>The exponent below which the largest number is brought: float16 ends at 2^16, and rounding may carry.</summary>
    private const int Top = 15;

    public static ScaledHalf Of(Tensor constant, DataType type)
    {
        var plain = new ScaledHalf(HalfPrecision.Convert(constant, type), 1);
        if (type != DataType.Float16 || plain.Rounded.HasNonFinite)
            return plain;
        var rounding = HalfRounding.Of(constant.AsSpan<float>());
        return plain.Rounded.Overflows == 0 && !(rounding.Sqnr < NormalSqnr) ? plain : Scaled(constant, rounding.Peak) ?? plain;
    }

    /// <summary>What a factor makes of a stored constant again; null for any other value.</summary>
    public static Tensor? Restored(Value value) => value.Producer is { } product && product.Is("Mul") && product.Input(1)?.Constant is { ElementType: DataType.Float, ElementCount: 1 } factor
        && product.Input(0)?.Producer is { } cast && cast.Is("Cast") && cast.Input(0)?.Constant is { ElementType: DataType.Float16 } stored
        ? Tensor.Create(stored.Dimensions.AsSpan(), [.. stored.ToFloats().Select(number => number * factor.AsSpan<float>()[0])])
        : null;

    /// <returns>Null where no factor brings all numbers into range, or one would not be normal in float32.</returns>
    private static ScaledHalf? Scaled(Tensor constant, double peak)
    {
        var factor = MathF.ScaleB(1, Math.ILogB(peak) + 1 - Top);
        if (!float.IsNormal(factor) || !float.IsNormal(1 / factor))
            return null;
        float[] divided = [.. constant.AsSpan<float>().ToArray().Select(number => number / factor)];
        var rounded = HalfPrecision.Convert(Tensor.Create(constant.Dimensions.AsSpan(), divided), DataType.Float16);
        return rounded.Overflows == 0 && IsFinite(rounded, factor) ? new ScaledHalf(rounded, factor) : null;
    }

    /// <summary>The lowest float32 is rounded to what float32 lacks.</summary>
    private static bool IsFinite(HalfPrecision rounded, float factor)
    {
        foreach (var half in rounded.Content.AsSpan<Half>())
            if (!float.IsFinite((float)half * factor))
                return false;
        return true;
    }
}
