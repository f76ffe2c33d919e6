namespace ModelOptimizer.Embedding;

/// <summary>What an accessor is generated from.</summary>
/// <param name="Name">The model's name, for the documentation.</param>
/// <param name="Embed">How the model is embedded, and what the class is called.</param>
/// <param name="Signature">The optimized model's own inputs and outputs.</param>
public sealed record AccessorSettings(string Name, EmbedPlan Embed, ModelSignature Signature)
{
    /// <summary>True when the project references ONNX Runtime, whose types the accessor may then use.</summary>
    public bool HasOnnxRuntime { get; init; }

    /// <summary>False for projects in a C# older than 8, which has no nullable annotations.</summary>
    public bool Nullable { get; init; } = true;
}
