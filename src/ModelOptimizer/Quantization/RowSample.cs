using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Some rows of an activation, spread over all that the data shows, and the ranges of its channels. Rows are chosen by their content, so that the
/// choice depends neither on the order of samples nor on threads; equal rows, as padding makes them, count once.
/// </summary>
/// <param name="limit">How many rows are kept.</param>
internal sealed class RowSample(int limit) : Calibration.IObserver<RowSample>
{
    private readonly Dictionary<ulong, float[]> _rows = [];
    private readonly SortedSet<ulong> _keys = [];

    public bool IsOrderFree => true;

    /// <summary>The rows kept, in an order that follows from their content.</summary>
    public IReadOnlyList<float[]> Rows => [.. _keys.Select(key => _rows[key])];

    /// <summary>The smallest element of each channel.</summary>
    public float[] Low { get; private set; } = [];

    /// <summary>The largest element of each channel.</summary>
    public float[] High { get; private set; } = [];

    /// <summary>The ranges of the channels.</summary>
    public IReadOnlyList<ValueRange> Ranges => [.. Low.Zip(High, (low, high) => new ValueRange(low, high))];

    /// <param name="value">float32 [..., channels]; rows that are not finite are passed over.</param>
    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.ElementType != DataType.Float || value.Dimensions.Length == 0 || value.ElementCount == 0)
            return;
        var elements = value.AsSpan<float>();
        var depth = (int)value.Dimensions[^1];
        for (var start = 0; start < elements.Length; start += depth)
            Add(elements.Slice(start, depth));
    }

    public void Merge(RowSample later)
    {
        ArgumentNullException.ThrowIfNull(later);
        foreach (var row in later._rows.Values)
            Add(row);
        if (later.Low.Length > 0)
        {
            Widen(later.Low);
            Widen(later.High);
        }
    }

    /// <summary>Takes in one row.</summary>
    public void Add(ReadOnlySpan<float> row)
    {
        if (!FiniteElements.TryExtremes(row, out _))
            return;
        Widen(row);
        var key = Hash(row);
        if ((_keys.Count == limit && key >= _keys.Max) || !_keys.Add(key))
            return;
        _rows[key] = row.ToArray();
        if (_keys.Count <= limit)
            return;
        _rows.Remove(_keys.Max);
        _keys.Remove(_keys.Max);
    }

    private void Widen(ReadOnlySpan<float> row)
    {
        if (Low.Length == 0)
        {
            Low = row.ToArray();
            High = row.ToArray();
        }
        System.Numerics.Tensors.TensorPrimitives.Min(Low, row, Low);
        System.Numerics.Tensors.TensorPrimitives.Max(High, row, High);
    }

    /// <summary>Equal on all machines for equal content, unlike <see cref="HashCode"/>.</summary>
    private static ulong Hash(ReadOnlySpan<float> row)
    {
        var hash = 0xcbf29ce484222325UL;
        foreach (var element in row)
        {
            hash = (hash ^ BitConverter.SingleToUInt32Bits(element)) * 0x9E3779B97F4A7C15UL;
            hash ^= hash >> 29;
        }
        return hash;
    }
}

/// <summary>Rows of every other sample, and those of the samples between: what one half suggests, the other can judge.</summary>
/// <param name="limit">How many rows are kept of each half.</param>
internal sealed class SplitSample(int limit) : Calibration.IObserver<SplitSample>
{
    public bool IsOrderFree => true;

    public RowSample Even { get; } = new(limit);

    /// <summary>Empty when there is a single sample.</summary>
    public RowSample Odd { get; } = new(limit);

    public void Observe(Tensor value) => Even.Observe(value);

    public void Observe(Tensor value, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        (sample.Index % 2 == 0 ? Even : Odd).Observe(value);
    }

    public void Merge(SplitSample later)
    {
        ArgumentNullException.ThrowIfNull(later);
        Even.Merge(later.Even);
        Odd.Merge(later.Odd);
    }
}
