namespace ModelOptimizer.Quantization;

/// <summary>The grid that leaves a block the least squared error, which may clip its largest weights for the sake of all others.</summary>
public sealed class MseAlgorithm : WeightAlgorithm
{
    internal override BlockRounding Rounding(WeightGrid grid) => new BlockSearch(grid, BlockSearch.Equal).Round;
}
