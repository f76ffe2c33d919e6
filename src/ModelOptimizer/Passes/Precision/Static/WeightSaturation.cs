using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>How many neighbouring weights of a quantized node could clip a 16-bit sum on x86 CPUs without VNNI.</summary>
internal static class WeightSaturation
{
    /// <summary>The share of pairs that could; 0 for a node without int8 weights.</summary>
    public static double Share(Node node)
    {
        if (node.Input(1)?.Producer is not { OpType: "DequantizeLinear" } dequantize || dequantize.Input(0)?.Constant is not { ElementType: DataType.Int8 } codes)
            return 0;
        var axis = OperatorCatalog.ChannelAxis(node, 1, codes.Dimensions.Length);
        var layout = ChannelLayout.Of(codes, axis);
        var depth = layout.Outer * layout.Inner;
        // Convolution kernels run through the input channels first, then over the window.
        var (first, second) = node.OpType.StartsWith("Conv", StringComparison.Ordinal) ? Window(codes, axis) : (depth, 1);
        var (pairs, all) = (0L, 0L);
        for (var channel = 0; channel < layout.Channels; channel++, all += depth / 2)
            for (var i = 0; i + 1 < depth; i += 2)
                if (SaturationBound.MayClip(At(channel, i), At(channel, i + 1)))
                    pairs++;
        return all == 0 ? 0 : (double)pairs / all;

        int At(int channel, int position)
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
