namespace ModelOptimizer.Quantization;

/// <summary>A weight as codes that find values in a table; groups of output channels have tables of their own.</summary>
/// <param name="groups">Channels that share a table.</param>
/// <param name="books">The tables.</param>
/// <param name="codes">One for each weight, in their order in memory: entries of the table of the weight's group.</param>
internal sealed class PalettizedWeight(ChannelGroups groups, Codebook[] books, byte[] codes)
{
    public byte[] Codes => codes;

    public ChannelGroups Groups => groups;

    /// <summary>The tables, one behind the other.</summary>
    public float[] Entries => [.. books.SelectMany(book => book.Entries)];

    /// <summary>Where the table of each channel begins among the entries; null when there is one table for all.</summary>
    public int[]? Offsets
    {
        get
        {
            if (books.Length == 1)
                return null;
            var starts = new int[books.Length];
            for (var i = 1; i < starts.Length; i++)
                starts[i] = starts[i - 1] + books[i - 1].Entries.Length;
            return [.. Enumerable.Range(0, groups.Channels).Select(channel => starts[groups.Of(channel)])];
        }
    }

    /// <summary>What values are multiplied by in each channel; null for nothing.</summary>
    public float[]? Factors { get; init; }

    public int Tables => books.Length;

    /// <summary>Entries of the largest table.</summary>
    public int LargestBook => books.Max(book => book.Entries.Length);

    /// <summary>Bits that a code needs, 1 to 8.</summary>
    public int Bits => BitsFor(LargestBook);

    /// <summary>Signal-to-noise ratio of all weights together, in dB; infinite when every weight is kept as it is.</summary>
    public double Sqnr { get; init; }

    /// <summary>
    /// Noise of each channel as a part of its signal: what a layer behind makes up for where a channel is small by itself. At most 1, for then the
    /// channel is lost; infinite where a value is; 0 for a channel that is nothing beside the others.
    /// </summary>
    public double[] Errors { get; init; } = [];

    /// <summary>Bytes of codes, tables, offsets and factors.</summary>
    public long ByteCount =>
        Bytes(groups, books.Sum(book => (long)book.Entries.Length), Bits) + (Factors is null ? 0 : sizeof(float) * (long)groups.Channels);

    /// <summary>Bytes of codes, tables and offsets.</summary>
    /// <param name="entries">Of all tables.</param>
    /// <param name="bits">Of a code.</param>
    public static long Bytes(ChannelGroups groups, long entries, int bits) =>
        BitPlane.ByteCount(groups.Channels * groups.Depth, bits) + sizeof(float) * entries
        + (groups.Count == 1 ? 0 : sizeof(int) * (long)groups.Channels);

    /// <summary>Bits that codes of so many entries need, at least 1.</summary>
    public static int BitsFor(int entries)
    {
        var bits = 1;
        while (1 << bits < entries)
            bits++;
        return bits;
    }
}
