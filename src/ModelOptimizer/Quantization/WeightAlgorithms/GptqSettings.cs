namespace ModelOptimizer.Quantization;

/// <summary>What <see cref="Gptq"/> leaves open.</summary>
/// <param name="Damping">Of the mean of XᵀX's diagonal, added to all of it; the paper's by default.</param>
/// <param name="ByImportance">Whether inputs are gone through by falling mean square, or as they stand.</param>
internal sealed record GptqSettings(double Damping = 0.01, bool ByImportance = true)
{
    public static GptqSettings Default { get; } = new();
}
