namespace ModelOptimizer.Quantization;

/// <summary>
/// Codes that make up for each other's errors on calibration data, see <see cref="Gptq"/>, on scales of the least squared error, where weights of
/// large inputs count more.
/// </summary>
public sealed class GptqAlgorithm : WeightAlgorithm
{
    internal override bool LearnsFromInputs => true;

    internal override bool NeedsFullRank => true;

    internal override WeightAlgorithm OfUnseen => Find("mse")!;

    internal override string WithoutInputs => "whose blocks got the least squared error instead";

    internal override BlockRounding Rounding(WeightGrid grid) => new BlockSearch(grid, BlockSearch.Equal).Round;

    internal override Func<int, BlockRounding> Rounding(WeightGrid grid, InputGram inputs) => BlockSearch.ByInputs(grid, inputs);

    internal override ICodeChooser? Learn(InputGram inputs, GptqSettings settings) => Gptq.Of(inputs.Deciding, inputs.Depth, settings);
}
