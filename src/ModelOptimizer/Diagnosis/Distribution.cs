using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>How the numbers of one value lie, over all samples: what decides whether 8 bits can hold them.</summary>
/// <param name="quantizer">What the candidate can represent, to see how much of it is cut off.</param>
/// <param name="vanishes">Whether masked scores may be cut off: see <see cref="Masks.VanishBehind"/>.</param>
internal sealed class Distribution(Quantizer? quantizer, bool vanishes = false)
{
    /// <summary>Largest extreme below which the rest of a masked value's numbers must stay.</summary>
    private const double MaskGap = 64;

    private readonly long[] _counts = new long[2048];
    private readonly Dictionary<int, double[]> _channels = [];
    private double _squares;
    private long _count;

    public double Low { get; private set; } = double.PositiveInfinity;

    public double High { get; private set; } = double.NegativeInfinity;

    /// <summary>Numbers that lie outside of what can be represented.</summary>
    public long Clipped { get; private set; }

    /// <summary>The squared error that cutting these off makes.</summary>
    public double ClippingNoise { get; private set; }

    public long Count => _count;

    public double Largest => Math.Max(Math.Abs(Low), Math.Abs(High));

    public double RootMeanSquare => _count == 0 ? 0 : Math.Sqrt(_squares / _count);

    /// <summary>True when hugely negative numbers stand apart from all others: an attention mask was added.</summary>
    public bool IsMasked => Low <= -1000 && !Between(-Low / MaskGap, -Low / 4) && _counts[Binade(-Low / MaskGap)..].Sum() < _count;

    /// <summary>The channel that stretches the range most, on either the last axis or the second: its largest number over the median channel's.</summary>
    public (int Axis, int Channel, double Ratio)? OutlierChannel => _channels
        .Select(entry => (Axis: entry.Key, Channel: Array.IndexOf(entry.Value, entry.Value.Max()), Ratio: entry.Value.Max() / Math.Max(Median(entry.Value), 1e-30)))
        .Where(entry => _channels[entry.Axis].Count(largest => largest > _channels[entry.Axis].Max() / 3) <= Math.Max(1, _channels[entry.Axis].Length / 20))
        .OrderByDescending(entry => entry.Ratio).Cast<(int, int, double)?>().FirstOrDefault();

    public void Add(Tensor value)
    {
        var elements = new double[value.ElementCount];
        OutputElements.Read(value, 0, elements);
        foreach (var x in elements)
            if (double.IsFinite(x))
                Add(x);
        var rank = value.Dimensions.Length;
        if (rank < 2)
            return;
        AddChannels(rank - 1, value.Dimensions, elements);
        if (rank > 2)
            AddChannels(1, value.Dimensions, elements);
    }

    private void Add(double x)
    {
        (Low, High) = (Math.Min(Low, x), Math.Max(High, x));
        _counts[Binade(Math.Abs(x))]++;
        _squares += x * x;
        _count++;
        if (quantizer is not { } range || x >= range.Low && x <= range.High || vanishes && Masks.AreBoth(x, range.Low))
            return;
        Clipped++;
        var off = x - Math.Clamp(x, range.Low, range.High);
        ClippingNoise += off * off;
    }

    private void AddChannels(int axis, System.Collections.Immutable.ImmutableArray<long> dimensions, double[] elements)
    {
        var (length, inner) = ((int)dimensions[axis], 1L);
        for (var i = axis + 1; i < dimensions.Length; i++)
            inner *= dimensions[i];
        // Lengths that change from sample to sample are no channels.
        if (length < 2 || !_channels.TryGetValue(axis, out var largest) && !_channels.TryAdd(axis, largest = new double[length]) || largest!.Length != length)
            return;
        for (var i = 0L; i < elements.Length; i++)
            if (Math.Abs(elements[i]) is var size && size > largest[i / inner % length] && double.IsFinite(size))
                largest[i / inner % length] = size;
    }

    private bool Between(double low, double high) => _counts[(Binade(low) + 1)..Math.Max(Binade(low) + 1, Binade(high))].Any(count => count > 0);

    private static int Binade(double size) => size == 0 ? 0 : Math.Clamp(Math.ILogB(size) + 1024, 0, 2047);

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}
