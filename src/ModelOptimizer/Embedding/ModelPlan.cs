using ModelOptimizer.Profiles;

namespace ModelOptimizer.Embedding;

/// <summary>
/// What a build needs to know without starting the tool: which models there are, what they are made from, and how they are embedded.
/// Paths are relative to the project's folder where they can be, outputs to the folder of the plan.
/// </summary>
public sealed record ProjectPlan
{
    /// <summary>Raised when a reader of older plans would misread this one; a plan of another version is made anew.</summary>
    public const int CurrentVersion = 1;

    public int SchemaVersion { get; init; } = CurrentVersion;

    /// <summary>SHA-256 of the request that it answers, in lower-case hex.</summary>
    public required string Request { get; init; }

    /// <summary>The files whose content decided this plan. It stands as long as they are unchanged.</summary>
    public required IReadOnlyList<WatchedFile> Watched { get; init; }

    public required IReadOnlyList<PlannedModel> Models { get; init; }
}

/// <summary>A file as it was when the plan was made.</summary>
/// <param name="Modified">Last write, in ticks of universal time.</param>
/// <param name="Sha256">Lower-case hex digest; null for models, whose content is not worth reading when their time has changed.</param>
public sealed record WatchedFile(string Path, long Size, long Modified, string? Sha256);

/// <summary>One model to optimize.</summary>
/// <param name="Name">Names its outputs; unique in the project.</param>
/// <param name="Model">The original.</param>
/// <param name="Inputs">Every file that the result depends on: the model with its external data, and the profile with all that it extends.</param>
/// <param name="Data">Calibration and evaluation data as the profile names it, globs not expanded.</param>
/// <param name="Output">The optimized model.</param>
/// <param name="Accessor">The generated C# file.</param>
public sealed record PlannedModel(string Name, string Model, string Profile, IReadOnlyList<string> Inputs, IReadOnlyList<string> Data,
    string Output, string Accessor, EmbedPlan Embed);

/// <summary>How a result gets into the program.</summary>
/// <param name="Class">Name of the accessor.</param>
/// <param name="Namespace">Its namespace; empty for the global one.</param>
/// <param name="LogicalName">The resource's name inside the assembly.</param>
/// <param name="Link">The content file's path in the output folder.</param>
/// <param name="Resource">The file to embed: the output, or its compressed form beside it.</param>
/// <param name="DependencyInjection">Whether a class beside the accessor registers its runner.</param>
public sealed record EmbedPlan(
    EmbedAs As, EmbedCompression Compression, string Class, string Namespace, string LogicalName, string Link, string Resource,
    bool DependencyInjection = false);
