namespace ModelOptimizer.Embedding;

/// <summary>What an accessor is generated from.</summary>
/// <param name="Name">The model's name, for the documentation.</param>
/// <param name="OriginalName">The file name of the original.</param>
/// <param name="Embed">How the model is embedded, and what the class is called.</param>
/// <param name="Facts">What the embedded model is, with its own inputs and outputs.</param>
public sealed record AccessorSettings(string Name, string OriginalName, EmbedPlan Embed, ModelFacts Facts)
{
    /// <summary>True when the project references ONNX Runtime, whose types the accessor may then use.</summary>
    public bool HasOnnxRuntime { get; init; }

    /// <summary>True when the project references Microsoft.Extensions.DependencyInjection.Abstractions.</summary>
    public bool HasDependencyInjection { get; init; }

    /// <summary>False for projects in a C# older than 8, which has no nullable annotations.</summary>
    public bool Nullable { get; init; } = true;
}
