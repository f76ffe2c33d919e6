using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// A weight [blocks, rows, width, inner], of which each place in a block and along the width is an output channel of rows · inner elements.
/// Neighbouring channels share a table, so many together; the last group may have fewer.
/// </summary>
internal sealed class ChannelGroups
{
    /// <summary>Elements that are worth another thread.</summary>
    private const int PartElements = 1 << 15;

    private const int MostParts = 64;

    private readonly int _blocks, _rows, _width, _size;
    private readonly List<Part> _parts;

    /// <param name="weight">A tensor of any rank from 1 on.</param>
    /// <param name="axis">The axis that the channels stand on.</param>
    /// <param name="size">Channels in a group; null for all in one.</param>
    /// <param name="blocks">
    /// Parts of the first axis whose channels differ, as the weight of a ConvTranspose with groups has them [inputs, outputs of a group, …]; then
    /// <paramref name="axis"/> is 1.
    /// </param>
    public ChannelGroups(Tensor weight, int axis, int? size, int blocks = 1)
    {
        var dimensions = weight.Dimensions;
        var rows = dimensions.Take(axis).Aggregate(1L, (product, d) => product * d) / blocks;
        // Blocks of one row have all their channels side by side.
        (_blocks, _rows) = (rows == 1 ? 1 : blocks, checked((int)rows));
        _width = checked((int)dimensions[axis] * (rows == 1 ? blocks : 1));
        Inner = checked((int)dimensions.Skip(axis + 1).Aggregate(1L, (product, d) => product * d));
        var ones = dimensions.Skip(axis + 1).Select(_ => 1L);
        (Shape, ChannelShape) = blocks == 1 ? ([.. dimensions], [.. dimensions.Take(axis).Select(_ => 1L), dimensions[axis], .. ones])
            : rows == 1 ? ([.. dimensions], [blocks, dimensions[axis], .. ones])
            : ((long[])[blocks, rows, .. dimensions.Skip(1)], (long[])[blocks, 1, dimensions[axis], .. ones]);
        _size = Math.Min(size ?? Channels, Channels);
        Count = (Channels + _size - 1) / _size;
        _parts = [.. Parts()];
    }

    /// <summary>Adds to <paramref name="sums"/>, one for each of some neighbouring channels, what their elements in one row amount to.</summary>
    /// <param name="row">The elements, <see cref="Inner"/> of each channel one behind the other.</param>
    /// <param name="channel">The first of the channels.</param>
    /// <param name="start">Where the row begins in the weight.</param>
    public delegate void RowTerm(ReadOnlySpan<float> row, int channel, int start, Span<double> sums);

    public int Channels => _blocks * _width;

    /// <summary>Groups of channels.</summary>
    public int Count { get; }

    /// <summary>Elements of a channel that lie side by side.</summary>
    public int Inner { get; }

    /// <summary>Elements of a channel.</summary>
    public int Depth => _rows * Inner;

    /// <summary>The shape in which <see cref="ChannelShape"/> broadcasts: the weight's own, or one more axis for blocks.</summary>
    public long[] Shape { get; }

    /// <summary>The shape of one number for each channel.</summary>
    public long[] ChannelShape { get; }

    /// <summary>The group of a channel.</summary>
    public int Of(int channel) => channel / _size;

    /// <summary>Elements of a group.</summary>
    public int Elements(int group) => Depth * (Math.Min((group + 1) * _size, Channels) - group * _size);

    /// <summary>The rows of a group: the first channel in it, how many follow it, and where their elements begin.</summary>
    public IEnumerable<(int Channel, int Channels, int Start)> Rows(int group)
    {
        var (first, end) = (group * _size, Math.Min((group + 1) * _size, Channels));
        for (var block = first / _width; block * _width < end; block++)
        {
            var (from, to) = (Math.Max(first, block * _width), Math.Min(end, (block + 1) * _width));
            for (var row = 0; row < _rows; row++)
                yield return (from, to - from, Start(block, row, from - block * _width));
        }
    }

    /// <summary>Visits all elements, on all cores, and adds up by channel; the sums never depend on how many threads there are.</summary>
    public double[] Sum(Tensor weight, RowTerm term)
    {
        var (sums, partial) = (new double[Channels], new double[_parts.Count][]);
        Cores.For(0, _parts.Count, i =>
        {
            var (block, row, rows, channel, channels) = _parts[i];
            partial[i] = new double[channels];
            var numbers = weight.AsSpan<float>();
            for (var end = row + rows; row < end; row++)
                if (Start(block, row, channel) is var start)
                    term(numbers.Slice(start, channels * Inner), block * _width + channel, start, partial[i]);
        });
        foreach (var (part, more) in _parts.Zip(partial))
            for (var c = 0; c < more.Length; c++)
                sums[part.Block * _width + part.Channel + c] += more[c];
        return sums;
    }

    private int Start(int block, int row, int channel) => ((block * _rows + row) * _width + channel) * Inner;

    private IEnumerable<Part> Parts()
    {
        var many = Math.Clamp((long)_rows * _width * Inner / PartElements, 1, MostParts);
        // Many rows are shared out, or else channels.
        var rows = (int)Math.Max(1, _rows / many);
        var channels = _rows >= many ? _width : (int)Math.Max(1, _width * _rows / many);
        for (var block = 0; block < _blocks; block++)
            for (var row = 0; row < _rows; row += rows)
                for (var channel = 0; channel < _width; channel += channels)
                    yield return new(block, row, Math.Min(rows, _rows - row), channel, Math.Min(channels, _width - channel));
    }

    private readonly record struct Part(int Block, int Row, int Rows, int Channel, int Channels);
}
