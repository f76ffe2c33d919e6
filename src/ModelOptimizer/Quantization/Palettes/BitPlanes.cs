namespace ModelOptimizer.Quantization;

/// <summary>
/// Some bits of every code, packed into bytes, the first code in the lowest bits. Codes of 3, 5, 6 or 7 bits take no more room so than they have
/// bits: each part has a width that divides a byte.
/// </summary>
/// <param name="Width">Bits of a code in this part: 8, 4, 2 or 1.</param>
/// <param name="Shift">How far up in the code they stand.</param>
internal readonly record struct BitPlane(int Width, int Shift)
{
    /// <summary>Codes that are packed at a time, so that no copy of all is made; they fill whole bytes.</summary>
    private const int Chunk = 4096;

    public int CodesPerByte => 8 / Width;

    /// <summary>The parts of a code of 1 to 8 bits, the highest first: high bits, which differ less from code to code, stay together.</summary>
    public static IReadOnlyList<BitPlane> Of(int bits)
    {
        var planes = new List<BitPlane>();
        for (var (width, left) = (8, bits); left > 0; width /= 2)
            if (width <= left)
            {
                left -= width;
                planes.Add(new BitPlane(width, left));
            }
        return planes;
    }

    /// <summary>Bytes that so many codes take in all parts.</summary>
    public static long ByteCount(int codes, int bits) => Of(bits).Sum(plane => (long)CodePacking.ByteCount(codes, plane.Width));

    /// <summary>Packs this part of the codes; bits left over in the last byte are zero.</summary>
    public byte[] Pack(ReadOnlySpan<byte> codes)
    {
        var packed = new byte[CodePacking.ByteCount(codes.Length, Width)];
        Span<byte> part = stackalloc byte[Chunk];
        for (var start = 0; start < codes.Length; start += Chunk)
        {
            var some = codes.Slice(start, Math.Min(Chunk, codes.Length - start));
            for (var i = 0; i < some.Length; i++)
                part[i] = (byte)(some[i] >> Shift & (1 << Width) - 1);
            CodePacking.Pack(part[..some.Length], Width, packed.AsSpan(start / CodesPerByte, CodePacking.ByteCount(some.Length, Width)));
        }
        return packed;
    }

    /// <summary>What this part of its codes amounts to, for each value of a byte: [256, codes in a byte].</summary>
    public byte[] Table()
    {
        var table = new byte[256 * CodesPerByte];
        for (var i = 0; i < table.Length; i++)
            table[i] = (byte)((i / CodesPerByte >> i % CodesPerByte * Width & (1 << Width) - 1) << Shift);
        return table;
    }
}
