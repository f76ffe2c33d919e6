using System.Buffers;

namespace ModelOptimizer.Quantization;

/// <summary>Chooses the codes of a block of weights, and may make its step coarser for them.</summary>
internal delegate void BlockRounding(ReadOnlySpan<float> weights, ref BlockScale scale, int maxCode, Span<byte> codes);

/// <summary>Gives each block the finest grid that covers it and each weight the nearest code. All cores; the result never depends on them.</summary>
internal static class RoundToNearest
{
    /// <summary>Channels read together, so that rows of a [depth, channels] matrix are read in whole cache lines.</summary>
    private const int TileChannels = 64;

    /// <returns>The codes, or null when a weight is infinite or not a number.</returns>
    public static QuantizedWeight? Quantize(WeightMatrix weight, WeightGrid grid, int blockSize) => Quantize(weight, grid, blockSize, ToNearest);

    /// <summary>The same with another choice of codes.</summary>
    public static QuantizedWeight? Quantize(WeightMatrix weight, WeightGrid grid, int blockSize, BlockRounding round) =>
        Quantize(weight, grid, blockSize, _ => round);

    /// <summary>The same with a choice that depends on where in a channel a block begins.</summary>
    public static QuantizedWeight? Quantize(WeightMatrix weight, WeightGrid grid, int blockSize, Func<int, BlockRounding> rounds)
    {
        var result = new QuantizedWeight(grid, weight.Channels, weight.Depth, blockSize);
        var tiles = Cores.Parts(weight.Channels, TileChannels);
        var finite = true;
        using var held = weight.Hold();
        // Block by block, tile by tile: neighbours in this order are neighbours in memory.
        Cores.For(0, result.Blocks * tiles, item =>
        {
            if (Volatile.Read(ref finite) && !QuantizeTile(weight, result, item / tiles, item % tiles * TileChannels, rounds))
                Volatile.Write(ref finite, false);
        });
        if (finite)
            return result;
        result.Dispose();
        return null;
    }

    private static bool QuantizeTile(WeightMatrix weight, QuantizedWeight result, int block, int channel, Func<int, BlockRounding> rounds)
    {
        var count = Math.Min(TileChannels, weight.Channels - channel);
        var start = block * result.BlockSize;
        var length = Math.Min(result.BlockSize, weight.Depth - start);
        var buffer = ArrayPool<float>.Shared.Rent(count * length);
        var tile = buffer.AsSpan(0, count * length);
        weight.Read(channel, count, start, length, tile);
        var (finite, round) = (true, rounds(start));
        for (var c = 0; c < count && finite; c++)
            finite = QuantizeBlock(tile.Slice(c * length, length), result, channel + c, block, round);
        ArrayPool<float>.Shared.Return(buffer);
        return finite;
    }

    private static bool QuantizeBlock(ReadOnlySpan<float> weights, QuantizedWeight result, int channel, int block, BlockRounding round)
    {
        if (!BlockExtremes.TryFind(weights, out var minimum, out var maximum))
            return false;
        var fit = result.Grid.Fit(minimum, maximum);
        round(weights, ref fit, result.Grid.MaxCode, result.Block(channel, block));
        result.Set(channel, block, fit);
        return true;
    }

    /// <summary>The nearest codes on the scale given.</summary>
    public static BlockRounding ToNearest { get; } = (weights, ref scale, maxCode, codes) => Rounding.ToCodes(weights, scale, maxCode, codes);
}
