namespace ModelOptimizer.Onnx;

/// <summary>Elements of 2 and 4 bits share bytes, the first in the lowest bits; the last byte is filled up with zeros.</summary>
internal static class PackedCodes
{
    /// <summary>One code per byte, not sign-extended.</summary>
    /// <param name="packed">As in <c>raw_data</c>.</param>
    /// <param name="bits">Bits of a code: 2, 4 or 8.</param>
    /// <param name="codes">As many as there are elements.</param>
    public static void Unpack(ReadOnlySpan<byte> packed, int bits, Span<byte> codes)
    {
        var perByte = 8 / bits;
        var mask = (1 << bits) - 1;
        for (var i = 0; i < codes.Length; i++)
            codes[i] = (byte)(packed[i / perByte] >> (i % perByte * bits) & mask);
    }
}
