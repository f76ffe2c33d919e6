using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>Mean and mean square of each channel of a value, over all that the data shows. Sums are merged in the order of samples.</summary>
/// <param name="axis">The axis of the channels, negative from the end.</param>
internal sealed class ChannelShift(int axis) : Calibration.IObserver<ChannelShift>
{
    /// <summary>Standard errors of the mean that a shift has to exceed to be more than chance.</summary>
    private const double Significant = 2;

    private double[] _sums = [];
    private double[] _squares = [];
    private long _count;

    /// <summary>False when nothing was seen, or something that is not finite.</summary>
    public bool IsKnown => _count > 0 && Array.TrueForAll(_squares, double.IsFinite);

    /// <summary>The part of the mean square that goes when the mean goes.</summary>
    public double Share => _squares.Sum() == 0 ? 0 : Means().Sum(mean => mean * mean) * _count / _squares.Sum();

    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var at = axis < 0 ? axis + value.Dimensions.Length : axis;
        var (elements, layout) = (value.ToFloats(), (Channels: (int)value.Dimensions[at], Inner: (int)value.Dimensions[(at + 1)..].Aggregate(1L, (product, length) => product * length)));
        if (_sums.Length == 0)
            (_sums, _squares) = (new double[layout.Channels], new double[layout.Channels]);
        for (var i = 0; i < elements.Length; i++)
        {
            var channel = i / layout.Inner % layout.Channels;
            _sums[channel] += elements[i];
            _squares[channel] += (double)elements[i] * elements[i];
        }
        _count += elements.Length / layout.Channels;
    }

    public void Merge(ChannelShift later)
    {
        ArgumentNullException.ThrowIfNull(later);
        if (_sums.Length == 0)
            (_sums, _squares) = (new double[later._sums.Length], new double[later._sums.Length]);
        for (var channel = 0; channel < later._sums.Length; channel++)
        {
            _sums[channel] += later._sums[channel];
            _squares[channel] += later._squares[channel];
        }
        _count += later._count;
    }

    /// <summary>The means that are no chance; zero for other channels.</summary>
    public double[] Means() => [.. _sums.Select((sum, channel) =>
    {
        var mean = sum / _count;
        var variance = Math.Max(0, _squares[channel] / _count - mean * mean);
        return Math.Abs(mean) > Significant * Math.Sqrt(variance / _count) ? mean : 0;
    })];
}
