using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>What one run of the model is fed with.</summary>
/// <param name="Inputs">A tensor of the input's own type and rank for every required input.</param>
public sealed record Sample(IReadOnlyDictionary<string, Tensor> Inputs)
{
    /// <summary>Its place among those read, from 0.</summary>
    public int Index { get; init; }

    /// <summary>The file it comes from.</summary>
    public string Source { get; init; } = "";

    /// <summary>How many rows of the batch axis it holds; 1 where there is no such axis.</summary>
    public long Rows { get; init; } = 1;

    /// <summary>The truth as int64, with the row axis first; null when the data has none.</summary>
    public Tensor? Labels { get; init; }

    /// <summary>Outputs recorded elsewhere, by name: those of an ONNX test data set.</summary>
    public IReadOnlyDictionary<string, Tensor> Expected { get; init; } = new Dictionary<string, Tensor>();
}
