using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Sizing;

/// <summary>One way to store one weight.</summary>
/// <param name="Setting">The options that lead to it; null for floats.</param>
/// <param name="Plan">How it is written; null for floats.</param>
/// <param name="Bytes">Of the constants that stand for the weight.</param>
/// <param name="Local">What it does where the weight is: the squared error of its layer's output, or of the weight itself.</param>
internal sealed record SizedChoice(QuantizeWeightsOptions? Setting, WeightPlan? Plan, long Bytes, double Local)
{
    /// <summary>What it does to the outputs of the model, or what stands for that.</summary>
    public double Error { get; init; }

    /// <summary>Whether no choice as coarse was seen to leave outputs finite, though some were measured there.</summary>
    public bool IsUnproven { get; init; }

    /// <summary>Whether it is float16, of which the runtime makes float32 again when it loads the model.</summary>
    public bool IsHalf { get; private init; }

    /// <summary>Whether nothing is changed.</summary>
    public bool IsKept => Setting is null && !IsHalf;

    /// <summary>The type of floats.</summary>
    private DataType FloatType { get; init; }

    /// <summary>How it is stored and how its codes are chosen, in words.</summary>
    public string Form => Setting is not null ? $"{Plan}, {Setting.Algorithm}" : FloatType == DataType.Float ? "float32" : FloatType.ToOnnxName();

    /// <summary>The same where its algorithm learned nothing from inputs.</summary>
    public SizedChoice OfUnseen => Setting is null ? this : this with { Setting = Setting with { Algorithm = Setting.Algorithm.OfUnseen } };

    /// <summary>Bits of a code or a float.</summary>
    public int Bits => Plan?.Grid.Bits ?? (FloatType == DataType.Float ? 32 : 16);

    /// <summary>The weight as it is.</summary>
    public static SizedChoice Float(Tensor content) => new(null, null, content.ByteCount, 0) { FloatType = content.ElementType };

    /// <summary>A float32 weight in 16 bits.</summary>
    public static SizedChoice Half(ScaledHalf half, double local) =>
        new(null, null, half.ByteCount, local) { IsHalf = true, FloatType = DataType.Float16 };
}

/// <summary>A weight with the ways to store it, the first of which are floats as they are.</summary>
/// <param name="BySetting">For each of the settings tried, and for float16 after them, which of the choices it leads to.</param>
internal sealed record SizedWeight(Value Value, string Name, IReadOnlyList<SizedChoice> Choices, IReadOnlyList<int> BySetting)
{
    /// <summary>Why it gets no codes; null when it can.</summary>
    public string? Refusal { get; init; }

    /// <summary>Whether outputs are finite with none of the choices that were measured there, so that the errors are those of the weight.</summary>
    public bool IsUnmeasured { get; init; }

    /// <summary>The same where nothing may be taken that is coarser than what was seen to leave outputs finite.</summary>
    public SizedWeight Proven() => this with
    {
        Choices = [.. Choices.Select(choice => choice.IsUnproven || (IsUnmeasured && choice.Local > 0)
            ? choice with { Error = double.PositiveInfinity }
            : choice)],
    };
}
