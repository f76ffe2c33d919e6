using System.Text.Json.Serialization;

namespace ModelOptimizer.Embedding;

/// <summary>What a project asks to have planned: its model items and the profiles found in it.</summary>
public sealed record PlanRequest
{
    /// <summary>SHA-256 of the request as it was read, in lower-case hex; the plan repeats it.</summary>
    [JsonIgnore]
    public string Digest { get; init; } = "";

    /// <summary>The folder that relative paths start from.</summary>
    public required string ProjectDirectory { get; init; }

    /// <summary>The project, where what is wrong with an item is to be mended.</summary>
    public string? ProjectFile { get; init; }

    /// <summary>Namespace of accessors that name none; empty for the global one.</summary>
    public string RootNamespace { get; init; } = "";

    /// <summary>Profiles found in the project. Each that names a model, and that nothing else uses, is a model to optimize.</summary>
    public IReadOnlyList<string> Profiles { get; init; } = [];

    /// <summary>The models that the project lists.</summary>
    public IReadOnlyList<RequestedModel> Models { get; init; } = [];

    /// <summary>What <c>${msbuild:Name}</c> stands for in profiles.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();
}

/// <summary>One model item with its metadata; what is left out, the profile says.</summary>
/// <param name="Model">The ONNX file.</param>
public sealed record RequestedModel(string Model)
{
    public string? Profile { get; init; }

    public string? EmbedAs { get; init; }

    public string? ClassName { get; init; }

    public string? Namespace { get; init; }

    public string? LogicalName { get; init; }

    public string? Compression { get; init; }

    /// <summary>Where a content file lies in the output folder.</summary>
    public string? Link { get; init; }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public string? DependencyInjection { get; init; }
}
