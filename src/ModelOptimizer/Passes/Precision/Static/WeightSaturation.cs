using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>Two neighbouring weights of a channel, with which some activations clip a 16-bit sum.</summary>
/// <param name="Position">The place of the first along the channel, in the order in which kernels run through it.</param>
internal readonly record struct RiskyPair(int Channel, int Position, sbyte First, sbyte Second)
{
    /// <summary>Whether these activations do.</summary>
    /// <param name="row">uint8 codes of what a channel is multiplied by.</param>
    public bool Clips(ReadOnlySpan<byte> row) => row[Position] * First + row[Position + 1] * Second is > short.MaxValue or < short.MinValue;
}

/// <summary>Which neighbouring weights of a quantized node could clip a 16-bit sum on x86 CPUs without VNNI.</summary>
/// <param name="Channels">How many channels there are.</param>
/// <param name="Depth">How many weights each has.</param>
/// <param name="Pairs">Those that could, channel after channel.</param>
internal sealed record WeightSaturation(Node Node, int Channels, int Depth, IReadOnlyList<RiskyPair> Pairs)
{
    /// <summary>The share of pairs that could.</summary>
    public double Share => Depth < 2 || Channels == 0 ? 0 : Pairs.Count / ((double)Channels * (Depth / 2));

    /// <summary>Null for a node without int8 weights.</summary>
    public static WeightSaturation? Of(Node node)
    {
        if (node.Input(1)?.Producer is not { OpType: "DequantizeLinear" } dequantize || dequantize.Input(0)?.Constant is not { ElementType: DataType.Int8 } codes)
            return null;
        var axis = OperatorCatalog.ChannelAxis(node, 1, codes.Dimensions.Length);
        var layout = ChannelLayout.Of(codes, axis);
        var depth = layout.Outer * layout.Inner;
        // Convolution kernels run through the input channels first, then over the window.
        var (first, second) = node.OpType.StartsWith("Conv", StringComparison.Ordinal) ? Window(codes, axis) : (depth, 1);
        var pairs = new List<RiskyPair>();
        for (var channel = 0; channel < layout.Channels; channel++)
            for (var i = 0; i + 1 < depth; i += 2)
                if (new RiskyPair(channel, i, At(channel, i), At(channel, i + 1)) is var pair && SaturationBound.MayClip(pair.First, pair.Second))
                    pairs.Add(pair);
        return new(node, layout.Channels, depth, pairs);

        sbyte At(int channel, int position)
        {
            var inMemory = position % first * second + position / first;
            return codes.AsSpan<sbyte>()[((inMemory / layout.Inner * layout.Channels) + channel) * layout.Inner + (inMemory % layout.Inner)];
        }
    }

    /// <summary>Input channels, and elements of the window.</summary>
    private static (int Channels, int Window) Window(Tensor kernel, int channelAxis)
    {
        var window = (int)kernel.Dimensions.Skip(2).Aggregate(1L, (product, length) => product * length);
        return ((int)kernel.Dimensions[1 - channelAxis], window);
    }
}
