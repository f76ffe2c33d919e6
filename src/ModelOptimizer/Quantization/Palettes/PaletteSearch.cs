using System.Numerics.Tensors;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>Finds the tables of a weight. On all cores; the result never depends on how many there are.</summary>
internal sealed class PaletteSearch
{
    /// <summary>What a bit more for every code divides noise by.</summary>
    private const double NoisePerBit = 4;

    /// <summary>Its natural logarithm.</summary>
    private const double LogNoisePerBit = 1.3862943611198906;

    /// <summary>
    /// What factors have to be worth at most, in bits of every code. Where channels are short, as in depthwise convolutions, factors take many bits
    /// of a weight, but few beside the file, whose outputs hang on just these weights. Any gain would let them take 5 % of a BERT for 0.4 dB at its output;
    /// a quarter of a bit would spare a text detector 0.6 % of its bytes at the cost of 0.6 dB.
    /// </summary>
    private const double MostBits = 0.05;

    /// <summary>A channel with more noise than this part of its signal may not gain by more bits: no entries may lie in its range yet.</summary>
    private const double Lost = 0.25;

    /// <summary>A channel with less than this part of the largest one's signal is dead.</summary>
    private const double Dead = 1e-12;

    private readonly Tensor _weight;
    private readonly ChannelGroups _groups;
    private readonly int _bits;

    /// <summary>Σ w² of each channel.</summary>
    private readonly double[] _signals;

    /// <param name="weight">Float32, not empty.</param>
    /// <param name="groups">Channels that share a table.</param>
    /// <param name="bits">Bits of a code at most, 1 to 8.</param>
    public PaletteSearch(Tensor weight, ChannelGroups groups, int bits)
    {
        (_weight, _groups, _bits) = (weight, groups, bits);
        _signals = groups.Sum(weight, (row, _, _, sums) =>
        {
            for (var c = 0; c < sums.Length; c++)
            {
                var sum = 0.0;
                foreach (var number in row.Slice(c * groups.Inner, groups.Inner))
                    sum += (double)number * number;
                sums[c] += sum;
            }
        });
    }

    /// <summary>False when a weight is infinite or not a number.</summary>
    public bool IsFinite => Array.TrueForAll(_signals, double.IsFinite);

    /// <summary>Bytes of a palette without factors: tables are full, or have all different weights.</summary>
    public long PlainBytes()
    {
        var different = new int[_groups.Count];
        Cores.For(0, _groups.Count, group => different[group] = Different(group, 1 << _bits));
        return PalettizedWeight.Bytes(_groups, different.Sum(count => (long)count), PalettizedWeight.BitsFor(different.Max()));
    }

    /// <summary>The palettes to choose from, the best first.</summary>
    /// <param name="hasFactors">
    /// Whether values may be multiplied by a factor for each channel, where that brings them closer than the bytes of the factors would as bits of
    /// codes, or than <see cref="MostBits"/> would. The second palette, if any, is then without, and worse by no more than a bit.
    /// </param>
    public IReadOnlyList<PalettizedWeight> Find(bool hasFactors)
    {
        // Tables of single channels have all factors in them; channels of one weight would be nothing but factors.
        var sizes = hasFactors && _groups.Count < _groups.Channels && _groups.Depth > 1 ? ChannelFactors.Sizes(_signals, _groups.Depth) : null;
        // Before there are codes: the search holds a copy of the numbers in memory.
        var books = Books(null);
        var scaledBooks = sizes is null ? null : Books(sizes);
        var plain = Encode(books, null);
        if (scaledBooks is null || double.IsInfinity(plain.Sqnr))
            return [plain];
        var scaled = Encode(scaledBooks, sizes);
        var bits = Math.Min(MostBits, 8.0 * (scaled.ByteCount - plain.ByteCount) / plain.Codes.Length);
        if (!(scaled.Errors.Sum() < plain.Errors.Sum(error => WithBits(error, bits))))
            return [plain];
        return plain.Errors.Sum() <= NoisePerBit * scaled.Errors.Sum() ? [scaled, plain] : [scaled];
    }

    /// <summary>
    /// What noise a channel would have with more bits for every code: the start of the series of NoisePerBit to the −bits, which differs by a part in
    /// 10,000 at most up to <see cref="MostBits"/>. Powers of the system's library differ from machine to machine.
    /// </summary>
    private static double WithBits(double error, double bits) =>
        error > Lost && bits > 0 ? error : error * (1 - LogNoisePerBit * bits * (1 - LogNoisePerBit * bits / 2));

    /// <summary>The best tables for numbers divided by the sizes of their channels.</summary>
    private Codebook[] Books(float[]? sizes)
    {
        var books = new Codebook[_groups.Count];
        Cores.For(0, _groups.Count, group => books[group] = Codebook.Find(Read(group, sizes), 1 << _bits));
        return books;
    }

    /// <summary>The codes, and the best factors for what the tables make of them.</summary>
    private PalettizedWeight Encode(Codebook[] books, float[]? sizes)
    {
        var codes = new byte[_weight.ElementCount];
        var byChannel = Enumerable.Range(0, _groups.Channels).Select(channel => books[_groups.Of(channel)]).ToArray();
        var products = Encode(byChannel, sizes, codes);
        var factors = sizes is null ? null : ChannelFactors.Fit(products, Sum(byChannel, codes, (_, _, value) => (double)value * value));
        var noises = Sum(byChannel, codes, (channel, number, value) => Square((double)number - (factors is null ? value : value * factors[channel])));
        return new(_groups, books, codes) { Factors = factors, Sqnr = Decibels(_signals.Sum(), noises.Sum()), Errors = Errors(noises) };
    }

    private float[] Read(int group, float[]? sizes)
    {
        var weights = _weight.AsSpan<float>();
        var (numbers, at) = (new float[_groups.Elements(group)], 0);
        foreach (var (channel, channels, start) in _groups.Rows(group))
        {
            var row = numbers.AsSpan(at, channels * _groups.Inner);
            weights.Slice(start, row.Length).CopyTo(row);
            if (sizes is not null)
                Divide(row, sizes.AsSpan(channel, channels));
            at += row.Length;
        }
        return numbers;
    }

    private static void Divide(Span<float> row, ReadOnlySpan<float> sizes)
    {
        if (row.Length == sizes.Length)
        {
            TensorPrimitives.Divide(row, sizes, row);
            return;
        }
        var inner = row.Length / sizes.Length;
        for (var c = 0; c < sizes.Length; c++)
            TensorPrimitives.Divide(row.Slice(c * inner, inner), sizes[c], row.Slice(c * inner, inner));
    }

    /// <returns>Σ w·v of each channel.</returns>
    private double[] Encode(Codebook[] books, float[]? sizes, byte[] codes) => _groups.Sum(_weight, (row, channel, start, sums) =>
    {
        for (var (c, i) = (0, 0); c < sums.Length; c++)
        {
            var (book, size, sum) = (books[channel + c], sizes?[channel + c] ?? 1, 0.0);
            for (var end = i + _groups.Inner; i < end; i++)
            {
                codes[start + i] = book.Nearest(row[i] / size);
                sum += (double)row[i] * book.Entries[codes[start + i]];
            }
            sums[c] += sum;
        }
    });

    /// <summary>Adds up by channel what a term makes of the channel, a weight and the value that stands for it.</summary>
    private double[] Sum(Codebook[] books, byte[] codes, Func<int, float, float, double> term) => _groups.Sum(_weight, (row, channel, start, sums) =>
    {
        for (var (c, i) = (0, 0); c < sums.Length; c++)
        {
            var (entries, sum) = (books[channel + c].Entries, 0.0);
            for (var end = i + _groups.Inner; i < end; i++)
                sum += term(channel + c, row[i], entries[codes[start + i]]);
            sums[c] += sum;
        }
    });

    private double[] Errors(double[] noises)
    {
        var least = Dead * _signals.Max();
        return [.. noises.Zip(_signals, (noise, signal) => !double.IsFinite(noise) ? double.PositiveInfinity
            : noise == 0 || signal <= least ? 0 : Math.Min(1, noise / signal))];
    }

    /// <summary>Different numbers of a group, but no more than wanted.</summary>
    private int Different(int group, int limit)
    {
        var weights = _weight.AsSpan<float>();
        var different = new HashSet<float>();
        foreach (var (_, channels, start) in _groups.Rows(group))
            foreach (var number in weights.Slice(start, channels * _groups.Inner))
                if (different.Add(number) && different.Count == limit)
                    return limit;
        return different.Count;
    }

    private static double Decibels(double signal, double noise) => noise == 0 ? double.PositiveInfinity : 10 * Math.Log10(signal / noise);

    private static double Square(double x) => x * x;
}
