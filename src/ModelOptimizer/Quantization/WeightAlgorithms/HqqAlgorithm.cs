namespace ModelOptimizer.Quantization;

/// <summary>
/// The grid of the least Σ |error|^0.7: most weights come very close, and a few may be far off (HQQ: Badri and Shaji, "Half-Quadratic Quantization of
/// Large Machine Learning Models", 2023). Needs no data.
/// </summary>
public sealed class HqqAlgorithm : WeightAlgorithm
{
    internal override BlockRounding Rounding(WeightGrid grid) => new HalfQuadratic(grid).Round;
}
