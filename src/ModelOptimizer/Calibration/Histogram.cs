using System.Buffers;
using System.Numerics;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Counts numbers in bins of equal width. The width is a power of two and zero lies on an edge, so that bins of any two histograms nest: taking
/// in numbers beyond the last bin joins neighbours, and neither that nor merging loses a count or depends on the order.
/// </summary>
/// <param name="bins">Bins on each side of zero, a power of two.</param>
internal sealed class Histogram(int bins = Histogram.DefaultBins)
{
    /// <summary>Four to eight bins for each level of 8 bits, in 32 KiB.</summary>
    public const int DefaultBins = 2048;

    /// <summary>Narrower bins would ask for a factor that float32 does not have.</summary>
    private const int SmallestExponent = -120;

    /// <summary>Elements binned at a time, small enough to stay in the nearest cache.</summary>
    private const int Block = 1024;

    private readonly long[] _counts = new long[2 * bins];
    private int _exponent = SmallestExponent;

    /// <summary>The smallest and the largest number counted.</summary>
    public ValueRange Extremes { get; private set; } = ValueRange.Empty;

    /// <summary>How many numbers were counted.</summary>
    public long Total { get; private set; }

    /// <summary>How many of them are exactly zero: quantization represents zero without error.</summary>
    public long Zeros { get; private set; }

    /// <summary>The width of a bin.</summary>
    public double Width => Math.ScaleB(1, _exponent);

    /// <summary>The first bin that may have counts, as the number of its lower edge in widths.</summary>
    public int First => Total == 0 ? 0 : BinOf(Extremes.Low);

    /// <summary>The last bin that may have counts.</summary>
    public int Last => Total == 0 ? -1 : BinOf(Extremes.High);

    /// <summary>Numbers from <c>bin · Width</c> up to the next edge.</summary>
    public long this[int bin] => _counts[bin + bins];

    /// <param name="elements">Finite numbers.</param>
    /// <param name="extremes">The smallest and the largest of them.</param>
    public void Add(ReadOnlySpan<float> elements, ValueRange extremes)
    {
        if (elements.IsEmpty)
            return;
        Extremes = Extremes.Join(extremes);
        WidenTo(ExponentFor(extremes.Magnitude));
        Total += elements.Length;
        if (elements.Length <= _counts.Length)
        {
            CountFew(elements);
            return;
        }
        // Two rows of counts: numbers that fall into one bin would wait for each other.
        var rows = ArrayPool<uint>.Shared.Rent(4 * bins);
        Array.Clear(rows, 0, 4 * bins);
        Count(elements, rows.AsSpan(0, 2 * bins), rows.AsSpan(2 * bins, 2 * bins));
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += rows[i] + (long)rows[i + 2 * bins];
        ArrayPool<uint>.Shared.Return(rows);
    }

    public void Merge(Histogram other)
    {
        if (other.Total == 0)
            return;
        WidenTo(other._exponent);
        AddCounts(other._counts, Math.Min(31, _exponent - other._exponent));
        Extremes = Extremes.Join(other.Extremes);
        Total += other.Total;
        Zeros += other.Zeros;
    }

    /// <summary>The lower edge of the bin up to which at most the given share of all numbers lies, or the smallest number where that is larger.</summary>
    public double LowQuantile(double share)
    {
        var below = 0.0;
        for (var bin = First; bin <= Last; bin++)
        {
            below += this[bin];
            if (below > share * Total)
                return Math.Max(bin * Width, Extremes.Low);
        }
        return Extremes.Low;
    }

    /// <summary>The upper edge of the bin from which on at most the given share of all numbers lies, or the largest number where that is smaller.</summary>
    public double HighQuantile(double share)
    {
        var above = 0.0;
        for (var bin = Last; bin >= First; bin--)
        {
            above += this[bin];
            if (above > share * Total)
                return Math.Min((bin + 1) * Width, Extremes.High);
        }
        return Extremes.High;
    }

    private void CountFew(ReadOnlySpan<float> elements)
    {
        Span<int> places = stackalloc int[Block];
        for (var start = 0; start < elements.Length; start += Block)
        {
            var block = elements[start..Math.Min(elements.Length, start + Block)];
            Zeros += Place(block, places);
            foreach (var place in places[..block.Length])
                _counts[place]++;
        }
    }

    private void Count(ReadOnlySpan<float> elements, Span<uint> even, Span<uint> odd)
    {
        Span<int> places = stackalloc int[Block];
        for (var start = 0; start < elements.Length; start += Block)
        {
            var block = elements[start..Math.Min(elements.Length, start + Block)];
            Zeros += Place(block, places);
            var i = 0;
            for (; i + 1 < block.Length; i += 2)
            {
                even[places[i]]++;
                odd[places[i + 1]]++;
            }
            if (i < block.Length)
                even[places[i]]++;
        }
    }

    /// <summary>Finds the place of each number.</summary>
    /// <returns>How many are zero.</returns>
    private int Place(ReadOnlySpan<float> block, Span<int> places)
    {
        // A power of two: the product is exact.
        var scale = MathF.ScaleB(1, -_exponent);
        var step = Vector<float>.Count;
        var zeros = Vector<int>.Zero;
        var i = 0;
        for (; i + step <= block.Length; i += step)
        {
            var x = new Vector<float>(block[i..]);
            var bin = Vector.ConvertToInt32Native(Vector.Floor(x * scale));
            // A product so small that it is no longer below zero.
            bin = Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), Vector.Min(bin, -Vector<int>.One), bin);
            (bin + new Vector<int>(bins)).CopyTo(places[i..]);
            zeros -= Vector.Equals(x, Vector<float>.Zero);
        }
        var count = Vector.Sum(zeros);
        for (; i < block.Length; i++)
        {
            places[i] = Math.Min((int)MathF.Floor(block[i] * scale), block[i] < 0 ? -1 : int.MaxValue - bins) + bins;
            count += block[i] == 0 ? 1 : 0;
        }
        return count;
    }

    private int BinOf(float number) => (int)Math.Floor(number / Width);

    /// <summary>The smallest exponent whose bins hold numbers of this magnitude on either side.</summary>
    private int ExponentFor(float magnitude) =>
        magnitude == 0 ? SmallestExponent : Math.Max(SmallestExponent, MathF.ILogB(magnitude) + 1 - BitOperations.Log2((uint)bins));

    private void WidenTo(int exponent)
    {
        if (exponent <= _exponent)
            return;
        var old = (long[])_counts.Clone();
        Array.Clear(_counts);
        AddCounts(old, Math.Min(31, exponent - _exponent));
        _exponent = exponent;
    }

    /// <summary>Adds counts of bins that are narrower by a power of two. The shift rounds down, on both sides of zero.</summary>
    private void AddCounts(long[] counts, int shift)
    {
        for (var bin = -bins; bin < bins; bin++)
            _counts[(bin >> shift) + bins] += counts[bin + bins];
    }
}
