using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Counts numbers in bins of equal width. The width is a power of two and zero lies on an edge, so that bins of any two histograms nest: taking
/// in numbers beyond the last bin joins neighbours, and neither that nor merging loses a count or depends on the order.
/// </summary>
/// <param name="bins">Bins on each side of zero, a power of two.</param>
internal sealed class Histogram(int bins = Histogram.DefaultBins)
{
    /// <summary>Four to eight bins for each level of 8 bits, in 16 KiB.</summary>
    public const int DefaultBins = 2048;

    /// <summary>Narrower bins would ask for a factor that float32 does not have.</summary>
    private const int SmallestExponent = -120;

    /// <summary>Elements binned at a time, small enough to stay in the nearest cache.</summary>
    private const int Block = 1024;

    /// <summary>Rows of counts for many elements: numbers that fall into one bin would wait for each other.</summary>
    private const int Rows = 4;

    /// <summary>Of what was counted last: where many values take turns, the cache holds twice as many counts of 32 bits as of 64.</summary>
    private readonly uint[] _counts = new uint[2 * bins];

    /// <summary>Of all before; null as long as 32 bits are enough.</summary>
    private long[]? _earlier;

    /// <summary>How many numbers are in <see cref="_counts"/>.</summary>
    private long _recent;
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
    public long this[int bin] => _counts[bin + bins] + (_earlier?[bin + bins] ?? 0);

    /// <summary>The counts of a stretch of bins, also of some that don't exist.</summary>
    public double[] ToArray(int first, int last)
    {
        var counts = new double[last - first + 1];
        for (var bin = Math.Max(first, First); bin <= Math.Min(last, Last); bin++)
            counts[bin - first] = this[bin];
        return counts;
    }

    /// <param name="elements">Finite numbers.</param>
    /// <param name="extremes">The smallest and the largest of them.</param>
    public void Add(ReadOnlySpan<float> elements, ValueRange extremes)
    {
        if (elements.IsEmpty)
            return;
        Extremes = Extremes.Join(extremes);
        WidenTo(ExponentFor(extremes.Magnitude));
        if (_recent + elements.Length > uint.MaxValue)
            Settle();
        _recent += elements.Length;
        Total += elements.Length;
        var (from, to) = (BinOf(extremes.Low) + bins, BinOf(extremes.High) + bins + 1);
        if (elements.Length <= to - from)
            Count(elements, _counts, _counts, _counts, _counts);
        else
            CountMany(elements, from, to);
    }

    public void Merge(Histogram other)
    {
        if (other.Total == 0)
            return;
        WidenTo(other._exponent);
        var earlier = Settle();
        var shift = Math.Min(31, _exponent - other._exponent);
        for (var bin = -bins; bin < bins; bin++)
            earlier[Joined(bin, shift)] += other[bin];
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

    /// <param name="from">The first place that any of them has.</param>
    /// <param name="to">The one behind the last.</param>
    private void CountMany(ReadOnlySpan<float> elements, int from, int to)
    {
        var size = _counts.Length;
        var rows = ArrayPool<uint>.Shared.Rent(Rows * size);
        for (var row = 0; row < Rows; row++)
            Row(row)[from..to].Clear();
        Count(elements, Row(0), Row(1), Row(2), Row(3));
        var counts = _counts.AsSpan(from..to);
        for (var row = 0; row < Rows; row++)
            TensorPrimitives.Add(counts, Row(row)[from..to], counts);
        ArrayPool<uint>.Shared.Return(rows);

        Span<uint> Row(int index) => rows.AsSpan(index * size, size);
    }

    private void Count(ReadOnlySpan<float> elements, Span<uint> first, Span<uint> second, Span<uint> third, Span<uint> fourth)
    {
        Span<int> places = stackalloc int[Block];
        for (var start = 0; start < elements.Length; start += Block)
        {
            var block = elements[start..Math.Min(elements.Length, start + Block)];
            Zeros += Place(block, places);
            Tally(places[..block.Length], first, second, third, fourth);
        }
    }

    /// <summary>Counts in rows by turns, unchecked: <see cref="Place"/> names places of a row only, and checks would take a third of the time.</summary>
    private static void Tally(ReadOnlySpan<int> places, Span<uint> first, Span<uint> second, Span<uint> third, Span<uint> fourth)
    {
        ref var place = ref MemoryMarshal.GetReference(places);
        ref var a = ref MemoryMarshal.GetReference(first);
        ref var b = ref MemoryMarshal.GetReference(second);
        ref var c = ref MemoryMarshal.GetReference(third);
        ref var d = ref MemoryMarshal.GetReference(fourth);
        nint i = 0;
        for (; i + Rows <= places.Length; i += Rows)
        {
            Unsafe.Add(ref a, Unsafe.Add(ref place, i))++;
            Unsafe.Add(ref b, Unsafe.Add(ref place, i + 1))++;
            Unsafe.Add(ref c, Unsafe.Add(ref place, i + 2))++;
            Unsafe.Add(ref d, Unsafe.Add(ref place, i + 3))++;
        }
        for (; i < places.Length; i++)
            Unsafe.Add(ref a, Unsafe.Add(ref place, i))++;
    }

    /// <summary>Finds the place of each number, the nearest one for what lies beyond all bins.</summary>
    /// <returns>How many are zero.</returns>
    private int Place(ReadOnlySpan<float> block, Span<int> places)
    {
        // A power of two: the product is exact.
        var scale = MathF.ScaleB(1, -_exponent);
        var (step, lowest, highest) = (Vector<float>.Count, new Vector<int>(-bins), new Vector<int>(bins - 1));
        ref var from = ref MemoryMarshal.GetReference(block);
        ref var to = ref MemoryMarshal.GetReference(places);
        var zeros = Vector<int>.Zero;
        var i = 0;
        for (; i + step <= block.Length; i += step)
        {
            var x = Vector.LoadUnsafe(ref from, (nuint)i);
            var bin = Vector.ConvertToInt32Native(Vector.Floor(x * scale));
            // A product so small that it is no longer below zero: what is negative lies in bin -1 at most.
            var most = Vector.LessThan(x, Vector<float>.Zero) | highest;
            (Vector.Max(Vector.Min(bin, most), lowest) - lowest).StoreUnsafe(ref to, (nuint)i);
            zeros -= Vector.Equals(x, Vector<float>.Zero);
        }
        var count = Vector.Sum(zeros);
        for (; i < block.Length; i++)
        {
            places[i] = Math.Clamp((int)MathF.Floor(block[i] * scale), -bins, block[i] < 0 ? -1 : bins - 1) + bins;
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
        var shift = Math.Min(31, exponent - _exponent);
        Widen(_counts, shift);
        Widen(_earlier ?? [], shift);
        _exponent = exponent;
    }

    private void Widen<T>(T[] counts, int shift)
        where T : INumber<T>
    {
        var old = (T[])counts.Clone();
        Array.Clear(counts);
        for (var i = 0; i < old.Length; i++)
            counts[Joined(i - bins, shift)] += old[i];
    }

    /// <summary>The place of a bin that is narrower by a power of two. The shift rounds down, on both sides of zero.</summary>
    private int Joined(int bin, int shift) => (bin >> shift) + bins;

    /// <summary>Makes room for recent counts.</summary>
    private long[] Settle()
    {
        _earlier ??= new long[_counts.Length];
        for (var i = 0; i < _counts.Length; i++)
            _earlier[i] += _counts[i];
        Array.Clear(_counts);
        _recent = 0;
        return _earlier;
    }
}
