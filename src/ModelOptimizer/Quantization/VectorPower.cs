using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Powers to about five digits, the same bits on every machine: no step depends on whether the CPU fuses multiplication and addition.
/// </summary>
internal static class VectorPower
{
    private const int MantissaBits = 23;
    private const int Bias = 127;

    /// <summary>2 / ln 2.</summary>
    private const float TwoLog2E = 2.8853901f;

    /// <summary>size^power; zero stays zero.</summary>
    /// <param name="sizes">Not negative.</param>
    /// <param name="power">Between 0 and 1.</param>
    public static Vector256<float> Raise(Vector256<float> sizes, float power) => Vector256.ConditionalSelect(
        Vector256.Equals(sizes, Vector256<float>.Zero), Vector256<float>.Zero, Exp2(Log2(sizes) * power));

    /// <summary>Exponent + log2 of what is left, between √½ and √2, by the series of 2·artanh((m − 1) / (m + 1)).</summary>
    private static Vector256<float> Log2(Vector256<float> x)
    {
        var bits = x.AsInt32();
        var exponent = (bits - Vector256.Create(BitConverter.SingleToInt32Bits(0.70710677f))) >> MantissaBits;
        var m = (bits - (exponent << MantissaBits)).AsSingle();
        var s = (m - Vector256<float>.One) / (m + Vector256<float>.One);
        var square = s * s;
        var series = ((square * (1 / 7f) + Vector256.Create(1 / 5f)) * square + Vector256.Create(1 / 3f)) * square + Vector256<float>.One;
        return Vector256.ConvertToSingle(exponent) + series * s * TwoLog2E;
    }

    /// <summary>2^whole · 2^rest, with the rest between −½ and ½ by its Taylor series.</summary>
    private static Vector256<float> Exp2(Vector256<float> x)
    {
        var whole = Vector256.Round(x);
        var rest = x - whole;
        var series = Vector256.Create(1.5403530e-4f);
        foreach (var coefficient in (ReadOnlySpan<float>)[1.3333558e-3f, 9.6181291e-3f, 5.5504109e-2f, 2.4022651e-1f, 6.9314718e-1f, 1])
            series = series * rest + Vector256.Create(coefficient);
        return series * ((Vector256.ConvertToInt32Native(whole) + Vector256.Create(Bias)) << MantissaBits).AsSingle();
    }
}
