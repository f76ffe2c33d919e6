using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>One way to store one weight.</summary>
/// <param name="Setting">The options that lead to it; null for floats as they are.</param>
/// <param name="Plan">How it is written; null for floats.</param>
/// <param name="Bytes">Of the constants that stand for the weight.</param>
/// <param name="Local">What it does where the weight is: the squared error of its layer's output, or of the weight itself.</param>
internal sealed record SizedChoice(QuantizeWeightsOptions? Setting, WeightPlan? Plan, long Bytes, double Local)
{
    /// <summary>What it does to the outputs of the model, or what stands for that.</summary>
    public double Error { get; init; }

    public bool IsFloat => Setting is null;

    /// <summary>The type of floats.</summary>
    private DataType FloatType { get; init; }

    /// <summary>How it is stored and how its codes are chosen, in words.</summary>
    public string Form => !IsFloat ? $"{Plan}, {Setting!.Algorithm}" : FloatType == DataType.Float ? "float32" : FloatType.ToOnnxName();

    /// <summary>The same where its algorithm learned nothing from inputs.</summary>
    public SizedChoice OfUnseen => IsFloat ? this : this with { Setting = Setting! with { Algorithm = Setting.Algorithm.OfUnseen } };

    /// <summary>Bits of a code or a float.</summary>
    public int Bits => Plan?.Grid.Bits ?? (FloatType == DataType.Float ? 32 : 16);

    /// <summary>The weight as it is.</summary>
    public static SizedChoice Float(Tensor content) => new(null, null, content.ByteCount, 0) { FloatType = content.ElementType };
}

/// <summary>A weight with the ways to store it, the first of which are floats as they are.</summary>
/// <param name="BySetting">For each of the settings tried, which of the choices it leads to.</param>
internal sealed record SizedWeight(Value Value, string Name, IReadOnlyList<SizedChoice> Choices, IReadOnlyList<int> BySetting)
{
    /// <summary>Why it can't be stored otherwise; null when it can.</summary>
    public string? Refusal { get; init; }
}
