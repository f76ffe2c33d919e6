namespace ModelOptimizer.Quantization;

/// <summary>
/// Scales of the least squared error; codes that make up for each other's errors on calibration data, see <see cref="Gptq"/>.
/// </summary>
public sealed class GptqAlgorithm : WeightAlgorithm
{
    internal override bool LearnsFromInputs => true;

    internal override BlockRounding Rounding(WeightGrid grid) => new BlockSearch(grid, BlockSearch.Equal).Round;

    internal override ICodeChooser? Learn(InputGram inputs) => Gptq.Of(inputs.Deciding, inputs.Depth);
}
