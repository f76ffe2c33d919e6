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

    /// <summary>False for ONNX Runtime older than <see cref="RunnerSince"/>, whose C# lacks what the runner is made of.</summary>
    public bool HasRunner { get; init; } = true;

    /// <summary>The first ONNX Runtime whose C# has <c>OrtValue</c>.</summary>
    public static Version RunnerSince { get; } = new(1, 16);

    /// <summary>True when the project references Microsoft.Extensions.DependencyInjection.Abstractions.</summary>
    public bool HasDependencyInjection { get; init; }

    /// <summary>False for projects in a C# older than 8, which has no nullable annotations.</summary>
    public bool Nullable { get; init; } = true;
}
