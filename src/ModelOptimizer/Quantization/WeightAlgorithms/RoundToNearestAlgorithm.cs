namespace ModelOptimizer.Quantization;

/// <summary>The finest grid that covers a block, and for each weight its nearest point: no weight is further off than half a step.</summary>
public sealed class RoundToNearestAlgorithm : WeightAlgorithm
{
    internal override BlockRounding Rounding(WeightGrid grid) => Quantization.RoundToNearest.ToNearest;
}
