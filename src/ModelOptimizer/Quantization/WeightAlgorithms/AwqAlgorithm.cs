namespace ModelOptimizer.Quantization;

/// <summary>
/// Weights of large inputs are rounded finer: inputs are divided and weights multiplied by scales that calibration data suggests (AWQ: see
/// <see cref="InputScales"/>), wherever the constants before can take them. Blocks get the scale of the least error then, where weights of large
/// inputs count more, be it one that clips.
/// </summary>
/// <remarks>
/// Blocks of 32, symmetric, SQNR with the nearest codes, with scales alone and with both, on manllama: 25.7, 25.9 and 26.6 dB of 4 bits; 12.7, 12.7
/// and 13.5 of 2. On langid-bert, which normalizes behind the residual and so takes no scales: 21.9 → 22.7 dB of 4 bits, 8.8 → 7.8 of 2, where each
/// layer comes closer by itself but the errors add up.
/// </remarks>
public sealed class AwqAlgorithm : WeightAlgorithm
{
    internal override bool LearnsFromInputs => true;

    internal override bool ScalesInputs => true;

    internal override BlockRounding Rounding(WeightGrid grid) => Quantization.RoundToNearest.ToNearest;

    internal override Func<int, BlockRounding> Rounding(WeightGrid grid, InputGram inputs) => BlockSearch.ByInputs(grid, inputs);
}
