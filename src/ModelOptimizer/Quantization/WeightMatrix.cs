using System.Buffers;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// A constant tensor [outer, channels, inner] of floats seen as output channels × depth, where depth runs over everything that is
/// summed up into one output: outer · inner elements, in memory order. Nothing is copied until a block is read, nor made float32 of 16 bits.
/// </summary>
internal sealed class WeightMatrix
{
    /// <summary>Channels that are read together where they lie one beside the other.</summary>
    private const int Slice = 512;

    private readonly int _inner;

    /// <param name="content">A float32, float16 or bfloat16 tensor of rank 1 or more.</param>
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
    /// <param name="content">A float32, float16 or bfloat16 tensor of rank 1 or more.</param>
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
        var (rows, at) = (new float[checked(channels * Depth)], 0);
        Visit(EvenPick.Of(Channels, channels).Select(channel => (int)channel), (_, weights) => weights.CopyTo(rows.AsSpan(at++ * Depth)));
        return OfRows(Tensor.Create([channels, Depth], rows));
    }

    /// <summary>
    /// Shows the weights of channels in rising order. Channels of a product's weight lie one beside the other: read one by one, each would touch all of it.
    /// </summary>
    public void Visit(IEnumerable<int> channels, Action<int, ReadOnlySpan<float>> visit)
    {
        var slice = _inner == 1 ? Math.Min(Slice, Channels) : 1;
        var rows = new float[checked(slice * Depth)];
        using var held = Hold();
        foreach (var some in channels.GroupBy(channel => channel / slice))
        {
            var first = some.First();
            Read(first, some.Last() + 1 - first, 0, Depth, rows);
            foreach (var channel in some)
                visit(channel, rows.AsSpan((channel - first) * Depth, Depth));
        }
    }

    /// <summary>Rows [channels, depth] as the elements of a tensor like the content.</summary>
    public float[] ToMemoryOrder(float[] rows)
    {
        if (ChannelAxis == 0)
            return rows;
        var elements = new float[rows.Length];
        for (var channel = 0; channel < Channels; channel++)
            for (var k = 0; k < Depth; k++)
                elements[(k / _inner * Channels + channel) * _inner + k % _inner] = rows[channel * Depth + k];
        return elements;
    }

    /// <summary>Copies the weights [channel, channel + count) × [start, start + length) to a channel-major block.</summary>
    public void Read(int channel, int count, int start, int length, Span<float> block)
    {
        var source = new Elements(Content);
        if (_inner != 1)
            ReadRows(source, channel, count, start, length, block);
        else if (Content.ElementType == DataType.Float)
            Transposition.Copy(source.Floats[(start * Channels + channel)..], Channels, length, count, block, length);
        else
            ReadHalfColumns(source, channel, count, start, length, block);
    }

    private void ReadHalfColumns(Elements source, int channel, int count, int start, int length, Span<float> block)
    {
        var floats = ArrayPool<float>.Shared.Rent(length * count);
        for (var k = 0; k < length; k++)
            source.Copy((start + k) * Channels + channel, floats.AsSpan(k * count, count));
        Transposition.Copy(floats, count, length, count, block, length);
        ArrayPool<float>.Shared.Return(floats);
    }

    private void ReadRows(Elements source, int channel, int count, int start, int length, Span<float> block)
    {
        for (var c = 0; c < count; c++)
            for (var k = 0; k < length;)
            {
                var (outer, inner) = Math.DivRem(start + k, _inner);
                var run = Math.Min(_inner - inner, length - k);
                source.Copy((outer * Channels + channel + c) * _inner + inner, block.Slice(c * length + k, run));
                k += run;
            }
    }

    /// <summary>What a tensor holds, asked for once: each look into a mapped file takes a lock.</summary>
    private readonly ref struct Elements(Tensor content)
    {
        private readonly DataType _type = content.ElementType;
        private readonly ReadOnlySpan<ushort> _halves = content.ElementType == DataType.Float ? default : content.AsSpan<ushort>();

        /// <summary>Empty where they are halves.</summary>
        public ReadOnlySpan<float> Floats { get; } = content.ElementType == DataType.Float ? content.AsSpan<float>() : default;

        /// <summary>Copies neighbours in memory as float32.</summary>
        public void Copy(int first, Span<float> floats)
        {
            if (_type == DataType.Float)
                Floats.Slice(first, floats.Length).CopyTo(floats);
            else
                HalfPrecision.Widen(_halves.Slice(first, floats.Length), _type, floats);
        }
    }
}
