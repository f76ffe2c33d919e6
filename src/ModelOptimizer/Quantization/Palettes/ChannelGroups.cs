using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>Output channels of a weight, so many consecutive ones together; the last group may have fewer.</summary>
internal sealed class ChannelGroups
{
    private readonly int _channels;
    private readonly int _inner;
    private readonly int _size;
    private readonly int _outer;

    /// <param name="weight">A tensor of any rank from 1 on.</param>
    /// <param name="axis">The axis that the channels stand on.</param>
    /// <param name="size">Channels in a group; null for all in one.</param>
    public ChannelGroups(Tensor weight, int axis, int? size)
    {
        Axis = axis;
        _channels = checked((int)weight.Dimensions[axis]);
        _inner = checked((int)weight.Dimensions.Skip(axis + 1).Aggregate(1L, (product, d) => product * d));
        _outer = checked((int)(weight.ElementCount / _channels / _inner));
        _size = Math.Min(size ?? _channels, _channels);
        Count = (_channels + _size - 1) / _size;
    }

    public int Axis { get; }

    public int Channels => _channels;

    public int Count { get; }

    /// <summary>The group of a channel.</summary>
    public int Of(int channel) => channel / _size;

    /// <summary>The channel of an element, by its place in memory.</summary>
    public int Channel(int element) => element / _inner % _channels;

    /// <summary>Elements of a group.</summary>
    public int Elements(int group) => _outer * _inner * Width(group);

    /// <summary>Where the elements of a group lie in memory, in stretches of equal length.</summary>
    public IEnumerable<Range> Stretches(int group)
    {
        for (var outer = 0; outer < _outer; outer++)
        {
            var start = (outer * _channels + group * _size) * _inner;
            yield return start..(start + Width(group) * _inner);
        }
    }

    private int Width(int group) => Math.Min(_size, _channels - group * _size);
}
