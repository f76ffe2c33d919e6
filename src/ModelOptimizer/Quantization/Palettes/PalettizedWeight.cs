using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>A weight as codes that find values in a table; groups of output channels have tables of their own.</summary>
internal sealed class PalettizedWeight
{
    private readonly ChannelGroups _groups;
    private readonly Codebook[] _books;

    private PalettizedWeight(ChannelGroups groups, Codebook[] books, byte[] codes, double sqnr)
    {
        (_groups, _books, Codes, Sqnr) = (groups, books, codes, sqnr);
        Bits = 1;
        while (1 << Bits < LargestBook)
            Bits++;
    }

    /// <summary>One for each weight, in their order in memory: entries of the table of the weight's group.</summary>
    public byte[] Codes { get; }

    /// <summary>The tables, one behind the other.</summary>
    public float[] Entries => [.. _books.SelectMany(book => book.Entries)];

    /// <summary>Where the table of each channel begins among the entries; null when there is one table for all.</summary>
    public int[]? Offsets
    {
        get
        {
            if (_books.Length == 1)
                return null;
            var starts = new int[_books.Length];
            for (var i = 1; i < starts.Length; i++)
                starts[i] = starts[i - 1] + _books[i - 1].Entries.Length;
            return [.. Enumerable.Range(0, _groups.Channels).Select(channel => starts[_groups.Of(channel)])];
        }
    }

    /// <summary>What values are multiplied by in each channel; null for nothing.</summary>
    public float[]? Factors { get; private init; }

    /// <summary>The axis that the channels stand on.</summary>
    public int ChannelAxis => _groups.Axis;

    public int Tables => _books.Length;

    /// <summary>Entries of the largest table.</summary>
    public int LargestBook => _books.Max(book => book.Entries.Length);

    /// <summary>Bits that a code needs, 1 to 8.</summary>
    public int Bits { get; }

    /// <summary>Signal-to-noise ratio in dB; infinite when every weight is kept as it is.</summary>
    public double Sqnr { get; }

    /// <summary>Bytes of codes, tables, offsets and factors.</summary>
    public long ByteCount => BitPlane.ByteCount(Codes.Length, Bits) + sizeof(float) * _books.Sum(book => (long)book.Entries.Length)
        + (_books.Length == 1 ? 0 : sizeof(int) * (long)_groups.Channels) + (Factors is null ? 0 : sizeof(float) * (long)_groups.Channels);

    /// <param name="weight">Float32, not empty.</param>
    /// <param name="groups">Channels that share a table.</param>
    /// <param name="bits">Bits of a code at most, 1 to 8.</param>
    /// <param name="hasFactors">Whether values may be multiplied by a factor for each channel, where that brings them closer.</param>
    /// <returns>Null when a weight is infinite or not a number.</returns>
    public static PalettizedWeight? Of(Tensor weight, ChannelGroups groups, int bits, bool hasFactors)
    {
        if (!AllFinite(weight.AsSpan<float>()))
            return null;
        var plain = Find(weight, groups, bits);
        if (!hasFactors || double.IsInfinity(plain.Sqnr))
            return plain;
        var scaled = FindScaled(weight, groups, bits);
        return scaled.Sqnr > plain.Sqnr ? scaled : plain;
    }

    /// <summary>Finds tables for channels of equal size, and then the best factors for what these make of them.</summary>
    private static PalettizedWeight FindScaled(Tensor weight, ChannelGroups groups, int bits)
    {
        var (sizes, values) = (ChannelFactors.Of(weight, groups), weight.AsSpan<float>().ToArray());
        for (var i = 0; i < values.Length; i++)
            values[i] /= sizes[groups.Channel(i)];
        var palette = Find(Tensor.Create(weight.Dimensions.AsSpan(), values), groups, bits);
        var (entries, offsets) = (palette.Entries, palette.Offsets);
        for (var i = 0; i < values.Length; i++)
            values[i] = entries[palette.Codes[i] + (offsets?[groups.Channel(i)] ?? 0)];
        var factors = ChannelFactors.Fit(weight, values, groups);
        var (signal, noise) = (0.0, 0.0);
        var numbers = weight.AsSpan<float>();
        for (var i = 0; i < values.Length; i++)
        {
            var error = (double)numbers[i] - values[i] * factors[groups.Channel(i)];
            (signal, noise) = (signal + (double)numbers[i] * numbers[i], noise + error * error);
        }
        return new PalettizedWeight(groups, palette._books, palette.Codes, Decibels(signal, noise)) { Factors = factors };
    }

    private static PalettizedWeight Find(Tensor weight, ChannelGroups groups, int bits)
    {
        var (books, codes) = (new Codebook[groups.Count], new byte[weight.ElementCount]);
        var (signals, noises) = (new double[groups.Count], new double[groups.Count]);
        Cores.For(0, groups.Count, group =>
        {
            books[group] = Codebook.Find(Read(weight, groups, group), 1 << bits);
            (signals[group], noises[group]) = Encode(weight, groups, group, books[group], codes);
        });
        return new PalettizedWeight(groups, books, codes, Decibels(signals.Sum(), noises.Sum()));
    }

    private static double Decibels(double signal, double noise) => noise == 0 ? double.PositiveInfinity : 10 * Math.Log10(signal / noise);

    private static bool AllFinite(ReadOnlySpan<float> numbers)
    {
        foreach (var number in numbers)
            if (!float.IsFinite(number))
                return false;
        return true;
    }

    private static float[] Read(Tensor weight, ChannelGroups groups, int group)
    {
        var (numbers, at) = (new float[groups.Elements(group)], 0);
        foreach (var stretch in groups.Stretches(group))
        {
            var part = weight.AsSpan<float>()[stretch];
            part.CopyTo(numbers.AsSpan(at));
            at += part.Length;
        }
        return numbers;
    }

    private static (double Signal, double Noise) Encode(Tensor weight, ChannelGroups groups, int group, Codebook book, byte[] codes)
    {
        var (signal, noise) = (0.0, 0.0);
        foreach (var stretch in groups.Stretches(group))
        {
            var numbers = weight.AsSpan<float>()[stretch];
            var part = codes.AsSpan(stretch);
            for (var i = 0; i < part.Length; i++)
            {
                part[i] = book.Nearest(numbers[i]);
                var error = (double)numbers[i] - book.Entries[part[i]];
                (signal, noise) = (signal + (double)numbers[i] * numbers[i], noise + error * error);
            }
        }
        return (signal, noise);
    }
}
