namespace ModelOptimizer.Quantization;

/// <summary>
/// Codes that make up for each other's errors on calibration data, see <see cref="Gptq"/>, on scales of the least squared error, where weights of
/// large inputs count more.
/// </summary>
public sealed class GptqAlgorithm : WeightAlgorithm
{
    internal override bool LearnsFromInputs => true;

    internal override BlockRounding Rounding(WeightGrid grid) => new BlockSearch(grid, BlockSearch.Equal).Round;

    internal override Func<int, BlockRounding> Rounding(WeightGrid grid, InputGram inputs)
    {
        var sizes = Enumerable.Range(0, inputs.Depth).Select(k => MathF.Sqrt(inputs.Deciding[k * (inputs.Depth + 1)])).ToArray();
        return start => new BlockSearch(grid, (weights, importance) => sizes.AsSpan(start, weights.Length).CopyTo(importance)).Round;
    }

    internal override ICodeChooser? Learn(InputGram inputs) => Gptq.Of(inputs.Deciding, inputs.Depth);
}
