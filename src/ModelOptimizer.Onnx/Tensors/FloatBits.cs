namespace ModelOptimizer.Onnx;

/// <summary>
/// Small floating-point formats that .NET has no type for. The 8-bit ones as in "FP8 Formats for Deep Learning" (arXiv:2209.05433)
/// and, with the suffix UZ, "8-bit Numerical Formats for Deep Neural Networks" (arXiv:2206.02915): no infinities, no negative zero.
/// E8M0 and E2M1 as in the OCP Microscaling specification 1.0.
/// </summary>
internal static class FloatBits
{
    private const int UnsignedZeroNaN = 0x80;

    /// <summary>bfloat16 is the upper half of a float32.</summary>
    public static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    public static float FromFloat8E4M3FN(int code) => (code & 0x7F) == 0x7F ? float.NaN : Decode(code, 4, 3, bias: 7);

    public static float FromFloat8E4M3FNUZ(int code) => code == UnsignedZeroNaN ? float.NaN : Decode(code, 4, 3, bias: 8);

    /// <summary>The upper half of a float16, infinities and NaN included.</summary>
    public static float FromFloat8E5M2(int code) => (float)BitConverter.UInt16BitsToHalf((ushort)(code << 8));

    public static float FromFloat8E5M2FNUZ(int code) => code == UnsignedZeroNaN ? float.NaN : Decode(code, 5, 2, bias: 16);

    /// <summary>A power of two: exponent only.</summary>
    public static float FromFloat8E8M0(int code) => code == 0xFF ? float.NaN : MathF.ScaleB(1, code - 127);

    /// <summary>Sign, exponent and mantissa; an exponent of zero means a subnormal number. No code is special here.</summary>
    public static float Decode(int code, int exponentBits, int mantissaBits, int bias)
    {
        var mantissa = code & ((1 << mantissaBits) - 1);
        var exponent = code >> mantissaBits & ((1 << exponentBits) - 1);
        var magnitude = exponent == 0
            ? MathF.ScaleB(mantissa, 1 - bias - mantissaBits)
            : MathF.ScaleB(mantissa + (1 << mantissaBits), exponent - bias - mantissaBits);
        return code >> (exponentBits + mantissaBits) == 0 ? magnitude : -magnitude;
    }
}
