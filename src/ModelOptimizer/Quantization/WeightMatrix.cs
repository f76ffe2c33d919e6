using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// A constant float32 tensor [outer, channels, inner] seen as output channels × depth, where depth runs over everything that is
/// summed up into one output: outer · inner elements, in memory order. Nothing is copied until a block is read.
/// </summary>
internal sealed class WeightMatrix
{
    private readonly int _inner;

    /// <param name="content">A float32 tensor of rank 1 or more.</param>
    /// <param name="channelAxis">The axis of the output channels.</param>
    public WeightMatrix(Tensor content, int channelAxis)
    {
        Content = content;
        ChannelAxis = channelAxis;
        Channels = checked((int)content.Dimensions[channelAxis]);
        _inner = checked((int)content.Dimensions.Skip(channelAxis + 1).Aggregate(1L, (product, d) => product * d));
        Depth = checked((int)(content.ElementCount / Channels));
    }

    private WeightMatrix(Tensor content, int channels, int depth)
    {
        Content = content;
        Channels = channels;
        Depth = _inner = depth;
    }

    /// <summary>Every row along the last axis is a channel of its own, whatever axes stand before it.</summary>
    /// <param name="content">A float32 tensor of rank 1 or more.</param>
    public static WeightMatrix OfRows(Tensor content)
    {
        var depth = checked((int)content.Dimensions[^1]);
        return new WeightMatrix(content, checked((int)(content.ElementCount / depth)), depth);
    }

    public Tensor Content { get; }

    public int ChannelAxis { get; }

    public int Channels { get; }

    public int Depth { get; }

    /// <summary>Elements between neighbours in depth within one outer slice: 1 means that a channel's slice is contiguous.</summary>
    public int Inner => _inner;

    /// <summary>Keeps the weights in memory until the answer is disposed: for loops that read them block by block.</summary>
    public IDisposable Hold() => Content.Hold();

    /// <summary>As many of the channels, spread evenly; all where there are no more.</summary>
    public WeightMatrix Some(int channels)
    {
        if (channels >= Channels)
            return this;
        using var held = Hold();
        var rows = new float[checked(channels * Depth)];
        for (var c = 0; c < channels; c++)
            Read((int)((2L * c + 1) * Channels / (2 * channels)), 1, 0, Depth, rows.AsSpan(c * Depth, Depth));
        return new WeightMatrix(Tensor.Create([channels, Depth], rows), channelAxis: 0);
    }

    /// <summary>Copies the weights [channel, channel + count) × [start, start + length) to a channel-major block.</summary>
    public void Read(int channel, int count, int start, int length, Span<float> block)
    {
        var weights = Content.AsSpan<float>();
        if (_inner == 1)
            ReadColumns(weights, channel, count, start, length, block);
        else
            ReadRows(weights, channel, count, start, length, block);
    }

    private void ReadColumns(ReadOnlySpan<float> weights, int channel, int count, int start, int length, Span<float> block) =>
        Transposition.Copy(weights[(start * Channels + channel)..], Channels, length, count, block, length);

    private void ReadRows(ReadOnlySpan<float> weights, int channel, int count, int start, int length, Span<float> block)
    {
        for (var c = 0; c < count; c++)
            for (var k = 0; k < length;)
            {
                var (outer, inner) = Math.DivRem(start + k, _inner);
                var run = Math.Min(_inner - inner, length - k);
                weights.Slice((outer * Channels + channel + c) * _inner + inner, run).CopyTo(block[(c * length + k)..]);
                k += run;
            }
    }
}
