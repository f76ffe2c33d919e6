using System.Numerics.Tensors;

namespace ModelOptimizer.Quantization;

/// <summary>
/// The grid that leaves a block the least squared error when the error of a weight counts with its own size added to that of the usual weight of
/// its block, as the k-quants of llama.cpp choose theirs: large weights carry most of an output.
/// </summary>
public sealed class KQuantAlgorithm : WeightAlgorithm
{
    public override string Name => "k-quant";

    internal override BlockRounding Rounding(WeightGrid grid) => new BlockSearch(grid, BySize).Round;

    /// <summary>√(mean w²) + |w|.</summary>
    private static void BySize(ReadOnlySpan<float> weights, Span<float> importance)
    {
        // One after the other: vectors of another width would sum in another order.
        var squares = 0.0;
        foreach (var weight in weights)
            squares += (double)weight * weight;
        var usual = (float)Math.Sqrt(squares / weights.Length);
        TensorPrimitives.Abs(weights, importance);
        TensorPrimitives.Add(importance, usual, importance);
    }
}
