using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>Collects the range of a value, or of each of its channels, from the finite ones of its elements.</summary>
/// <param name="options">How the range is found.</param>
/// <param name="axis">The axis of the channels, negative from the end; null for the value as a whole.</param>
internal sealed class RangeObserver(RangeOptions options, int? axis = null) : IObserver<RangeObserver>
{
    /// <summary>Values have few outliers, channels have few elements: half a bin for each level of 8 bits is still finer than they can tell.</summary>
    private const int ChannelBins = 256;

    /// <summary>Elements taken in at a time: what is read twice comes from a near cache.</summary>
    private const int Part = 1 << 16;

    private readonly List<RangeCollector> _channels = [];
    private readonly bool _isOrderFree = options.Calibrator.Collect(options, 1).IsOrderFree;
    private readonly bool _prefersExtremes = axis is null && !options.Calibrator.Collect(options, 1).NeedsElements;

    /// <summary>What is noteworthy about the elements.</summary>
    public ValueFacts Facts { get; } = new();

    /// <summary>Learns the moments of channels beside the range; null where nobody asks for them.</summary>
    public ChannelMomentsObserver? Moments { get; init; }

    public bool IsOrderFree => Moments is null && _isOrderFree;

    /// <summary>The range of the value as a whole, or of its first channel; null as long as no finite element was seen.</summary>
    public ValueRange? Range => _channels.Count == 0 ? null : _channels[0].Range;

    /// <summary>A range for each channel; a channel without finite elements has the range of zero. Null as long as none was seen.</summary>
    public IReadOnlyList<ValueRange>? Ranges =>
        _channels.Exists(channel => channel.Range is not null) ? [.. _channels.Select(channel => channel.Range ?? default)] : null;

    /// <summary>Whether the smallest and the largest element tell something.</summary>
    public bool AcceptsExtremes => axis is null;

    /// <summary>Whether they tell all that there is to know.</summary>
    public bool PrefersExtremes => Moments is null && _prefersExtremes;

    /// <summary>The channels that the elements lie in; 1 for the value as a whole.</summary>
    private int ChannelsOf(Tensor value) => axis is { } index && value.Dimensions.Length > 0 ? (int)value.Dimensions[AxisOf(value, index)] : 1;

    public void Observe(Tensor value) => Observe(value, new Sample(new Dictionary<string, Tensor>()));

    public void Observe(Tensor value, Sample sample)
    {
        if (value.ElementCount == 0 || value.ElementType is DataType.String or DataType.Complex64 or DataType.Complex128)
            return;
        Moments?.Observe(value);
        var elements = value.ElementType == DataType.Float ? value.AsSpan<float>() : value.ToFloats();
        var channels = ChannelsOf(value);
        EnsureChannels(channels);
        if (channels == 1)
            Add(_channels[0], elements, sample);
        else
            AddChannels(elements, channels, inner: (int)value.Dimensions[(AxisOf(value, axis!.Value) + 1)..].Aggregate(1L, (product, length) => product * length), sample);
    }

    /// <summary>Takes in elements of which only the extremes are known.</summary>
    /// <param name="extremes">May be empty.</param>
    /// <param name="nonFinite">How many elements are not finite.</param>
    public void Observe(ValueRange extremes, long nonFinite, Sample sample)
    {
        EnsureChannels(1);
        Facts.AddNonFinite(nonFinite, sample);
        if (extremes.IsEmpty)
            return;
        Facts.AddExtremes(extremes, sample);
        _channels[0].AddExtremes(extremes);
    }

    public void Merge(RangeObserver later)
    {
        ArgumentNullException.ThrowIfNull(later);
        EnsureChannels(later._channels.Count);
        for (var i = 0; i < later._channels.Count; i++)
            _channels[i].Merge(later._channels[i]);
        Facts.Merge(later.Facts);
        if (later.Moments is { } moments)
            Moments?.Merge(moments);
    }

    private static int AxisOf(Tensor value, int axis) => axis < 0 ? axis + value.Dimensions.Length : axis;

    private void EnsureChannels(int count)
    {
        while (_channels.Count < count)
            _channels.Add(options.Calibrator.Collect(options, axis is null ? Histogram.DefaultBins : ChannelBins));
    }

    private void AddChannels(ReadOnlySpan<float> elements, int channels, int inner, Sample sample)
    {
        var outer = elements.Length / channels / inner;
        var gathered = new float[outer * inner];
        for (var channel = 0; channel < channels; channel++)
        {
            for (var row = 0; row < outer; row++)
            {
                var start = (row * channels + channel) * inner;
                if (inner == 1)
                    gathered[row] = elements[start];
                else
                    elements.Slice(start, inner).CopyTo(gathered.AsSpan(row * inner));
            }
            Add(_channels[channel], gathered, sample);
        }
    }

    private void Add(RangeCollector collector, ReadOnlySpan<float> elements, Sample sample)
    {
        var extremes = ValueRange.Empty;
        for (var start = 0; start < elements.Length; start += Part)
            extremes = extremes.Join(AddPart(collector, elements[start..Math.Min(elements.Length, start + Part)], sample));
        if (!extremes.IsEmpty)
            Facts.AddExtremes(extremes, sample);
    }

    private ValueRange AddPart(RangeCollector collector, ReadOnlySpan<float> elements, Sample sample)
    {
        if (!FiniteElements.TryExtremes(elements, out var extremes))
        {
            var finite = FiniteElements.Of(elements);
            Facts.AddNonFinite(elements.Length - finite.Length, sample);
            elements = finite;
            FiniteElements.TryExtremes(finite, out extremes);
        }
        if (!elements.IsEmpty)
            collector.Add(elements, extremes);
        return extremes;
    }
}
