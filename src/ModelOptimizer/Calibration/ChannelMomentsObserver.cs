using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Calibration;

/// <summary>Mean and mean square of each channel of a value, over all that the data shows. Sums are merged in the order of samples.</summary>
/// <param name="axis">The axis of the channels, negative from the end.</param>
internal sealed class ChannelMomentsObserver(int axis = 1) : IObserver<ChannelMomentsObserver>
{
    /// <summary>Elements that are added up in float32 before float64 takes over.</summary>
    private const int Run = 4096;

    private double[] _sums = [];
    private double[] _squares = [];
    private long _count;
    private bool _hasOthers;

    /// <summary>None when nothing was seen, or something that is not finite, or not always as many channels.</summary>
    public ChannelMoments Moments
    {
        get
        {
            if (_count == 0 || _hasOthers)
                return ChannelMoments.None;
            var found = new ChannelMoments(Mean(_sums), Mean(_squares)) { Count = _count };
            return Array.TrueForAll(found.Means, float.IsFinite) && Array.TrueForAll(found.Squares, float.IsFinite) ? found : ChannelMoments.None;
        }
    }

    /// <param name="value">float32 of a shape that has the axis; others have no channels.</param>
    public void Observe(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.ElementCount == 0)
            return;
        var at = axis < 0 ? axis + value.Dimensions.Length : axis;
        if (value.ElementType != DataType.Float || at < 0 || at >= value.Dimensions.Length || !Holds((int)value.Dimensions[at]))
        {
            _hasOthers = true;
            return;
        }
        var elements = value.AsSpan<float>();
        var inner = checked((int)value.Dimensions[(at + 1)..].Aggregate(1L, (product, length) => product * length));
        if (inner == 1)
            AddOne(elements);
        else
            for (var start = 0; start < elements.Length; start += inner)
                Add(start / inner % _sums.Length, elements.Slice(start, inner));
        _count += elements.Length / _sums.Length;
    }

    public void Merge(ChannelMomentsObserver later)
    {
        ArgumentNullException.ThrowIfNull(later);
        _hasOthers |= later._hasOthers || (later._count > 0 && !Holds(later._sums.Length));
        if (_hasOthers || later._count == 0)
            return;
        for (var channel = 0; channel < _sums.Length; channel++)
        {
            _sums[channel] += later._sums[channel];
            _squares[channel] += later._squares[channel];
        }
        _count += later._count;
    }

    private bool Holds(int channels)
    {
        if (_sums.Length == 0)
            (_sums, _squares) = (new double[channels], new double[channels]);
        return _sums.Length == channels;
    }

    /// <summary>One element of each channel after the other.</summary>
    private void AddOne(ReadOnlySpan<float> elements)
    {
        for (var i = 0; i < elements.Length; i++)
        {
            var channel = i % _sums.Length;
            _sums[channel] += elements[i];
            _squares[channel] += (double)elements[i] * elements[i];
        }
    }

    private void Add(int channel, ReadOnlySpan<float> elements)
    {
        for (; elements.Length > 0; elements = elements[Math.Min(Run, elements.Length)..])
        {
            var part = elements[..Math.Min(Run, elements.Length)];
            _sums[channel] += TensorPrimitives.Sum(part);
            _squares[channel] += TensorPrimitives.SumOfSquares(part);
        }
    }

    private float[] Mean(double[] sums) => Array.ConvertAll(sums, sum => (float)(sum / _count));
}
