using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelOptimizer.Quantization;

/// <summary>Packs 2- and 4-bit codes into bytes, first code in the lowest bits, as ONNX's sub-byte types and MatMulNBits want them.</summary>
internal static class CodePacking
{
    /// <summary>Bytes that so many codes take; the last may be partly empty.</summary>
    public static int ByteCount(int codes, int bits) => checked((int)(((long)codes * bits + 7) / 8));

    /// <summary>Packs <paramref name="codes"/>, which serve as scratch, to <paramref name="packed"/>. Bits left over are zero.</summary>
    public static void Pack(Span<byte> codes, int bits, Span<byte> packed)
    {
        // Two codes of w bits make one of 2w, until a byte is full.
        for (; bits < 8; bits *= 2)
        {
            PackPairs(codes, bits);
            codes = codes[..((codes.Length + 1) / 2)];
        }
        codes.CopyTo(packed);
    }

    private static void PackPairs(Span<byte> codes, int bits)
    {
        ref var bytes = ref MemoryMarshal.GetReference(codes);
        var pairs = codes.Length / 2;
        var i = 0;
        for (; i + 16 <= pairs; i += 16)
        {
            // A pair read as one 16-bit number has its second code 8 bits up: move it down beside the first.
            var pair = Vector256.LoadUnsafe(ref bytes, (nuint)(2 * i)).AsUInt16();
            pair = (pair | (pair >> (8 - bits))) & Vector256.Create((ushort)0xFF);
            Vector128.Narrow(pair.GetLower(), pair.GetUpper()).StoreUnsafe(ref bytes, (nuint)i);
        }
        for (; i < pairs; i++)
            codes[i] = (byte)(codes[2 * i] | codes[2 * i + 1] << bits);
        if (codes.Length % 2 == 1)
            codes[pairs] = codes[^1];
    }
}
