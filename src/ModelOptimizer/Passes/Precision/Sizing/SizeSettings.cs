using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>The ways to store a weight that a size budget chooses from: the options of quantize-weights, each with other values.</summary>
internal static class SizeSettings
{
    private static readonly int[] s_bits = [8, 4, 2];

    private static readonly bool[] s_symmetric = [true];

    private static readonly bool[] s_either = [true, false];

    /// <summary>Null for whole channels.</summary>
    private static readonly int?[] s_blocks = [32, 64, 128, 256, 16, null];

    /// <summary>What the profile leaves open, in the order of bits; the options of its own hold for all.</summary>
    public static IReadOnlyList<QuantizeWeightsOptions> Of(QuantizeWeightsOptions options) =>
    [
        .. from bits in s_bits.Where(bits => bits < options.Bits).Prepend(options.Bits)
           from symmetric in options.Symmetric ? s_symmetric : s_either
           from block in Blocks(options)
           select options with
           {
               Budget = null, LmHeadBits = null, EmbeddingBits = null, FirstLastBits = null, Bits = bits,
               Symmetric = symmetric, BlockSize = block, PerChannel = block is null,
           },
    ];

    /// <summary>Algorithms of which each weight gets the best: the one that the profile names or, where that is the default, what beats it.</summary>
    public static IReadOnlyList<WeightAlgorithm> Algorithms(QuantizeWeightsOptions options, bool hasData)
    {
        if (options.Algorithm != WeightAlgorithm.RoundToNearest)
            return [options.Algorithm];
        return hasData ? [WeightAlgorithm.Find("mse")!, WeightAlgorithm.Find("gptq")!] : [WeightAlgorithm.Find("mse")!];
    }

    private static int?[] Blocks(QuantizeWeightsOptions options) =>
        options.PerChannel ? [null] : options.BlockSize is { } given ? [given] : s_blocks;
}
