using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>One way to store one weight.</summary>
/// <param name="Setting">The options that lead to it; null for float32 as it is.</param>
/// <param name="Plan">How it is written; null for float32.</param>
/// <param name="Bytes">Of the constants that stand for the weight, about: rows are not rounded up.</param>
/// <param name="Local">What it does where the weight is: the squared error of its layer's output, or of the weight itself.</param>
internal sealed record SizedChoice(QuantizeWeightsOptions? Setting, WeightPlan? Plan, long Bytes, double Local)
{
    /// <summary>What it does to the outputs of the model, or what stands for that.</summary>
    public double Error { get; init; }

    public bool IsFloat => Setting is null;

    /// <summary>How it is stored and how its codes are chosen, in words.</summary>
    public string Form => IsFloat ? "float32" : $"{Plan}, {Setting!.Algorithm}";

    /// <summary>Bits of a code.</summary>
    public int Bits => Plan?.Grid.Bits ?? 32;

    /// <summary>The weight as it is.</summary>
    public static SizedChoice Float(Tensor content) => new(null, null, content.ByteCount, 0);
}

/// <summary>A weight with the ways to store it, the first of which is float32.</summary>
/// <param name="BySetting">For each of the settings tried, which of the choices it leads to.</param>
internal sealed record SizedWeight(Value Value, string Name, IReadOnlyList<SizedChoice> Choices, IReadOnlyList<int> BySetting)
{
    /// <summary>Why it can't be stored otherwise; null when it can.</summary>
    public string? Refusal { get; init; }
}
