using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>Estimates the files of a model from what its weights take; learns from models that were written what names and nodes add.</summary>
/// <param name="plainBytes">The model with all weights as floats.</param>
internal sealed class SizeEstimate(IReadOnlyList<SizedWeight> weights, long plainBytes)
{
    /// <summary>Bytes of names and nodes for each weight that is stored otherwise, to begin with.</summary>
    private long _overhead = 400;

    /// <summary>What is no weight with a choice.</summary>
    public long FixedBytes { get; } = plainBytes - weights.Where(weight => weight.Choices.Count > 1).Sum(weight => weight.Choices[0].Bytes);

    /// <summary>What is not counted among the choices, of which a weight that must stay as it is has one.</summary>
    public long OtherBytes { get; } = plainBytes - weights.Sum(weight => weight.Choices[0].Bytes);

    /// <summary>The choices of all weights, as bytes of the file and errors.</summary>
    public MultipleChoiceKnapsack Knapsack() =>
        new(weights.Select(weight => weight.Choices.Select(choice => new StorageChoice(Bytes(choice), choice.Error)).ToList()));

    /// <summary>The file with these choices.</summary>
    public long Of(IReadOnlyList<int> chosen) => OtherBytes + weights.Zip(chosen, (weight, choice) => Bytes(weight.Choices[choice])).Sum();

    public long Bytes(SizedChoice choice) => choice.Bytes + (choice.IsKept ? 0 : _overhead);

    /// <param name="actual">What a file with these choices takes: it is estimated so from now on.</param>
    public void Learn(IReadOnlyList<int> chosen, long actual)
    {
        var count = chosen.Count(choice => choice != 0);
        if (count > 0)
            _overhead = Math.Max(0, _overhead + (actual - Of(chosen) + count - 1) / count);
    }
}
