using ModelOptimizer.Passes;

namespace ModelOptimizer.Profiles;

/// <summary>Which weights or nodes a quantizing or pruning pass takes. Base of such passes' options.</summary>
public abstract record SelectionOptions
{
    [Option("Take only nodes or initializers whose name matches one of these globs. `*` matches any characters, also `/`; `?` one character.",
        Example = "[\"/encoder/*\"]")]
    public IReadOnlyList<string> Include { get; init; } = [];

    [Option("Leave alone nodes or initializers whose name matches one of these globs.", Example = "[\"/head/*\"]")]
    public IReadOnlyList<string> Exclude { get; init; } = [];

    [Option("Take only these operators.", Example = "[MatMul, Gemm]")]
    public IReadOnlyList<string> Operators { get; init; } = [];

    [Option("Leave these operators alone.", Example = "[Gather]")]
    public IReadOnlyList<string> ExcludeOperators { get; init; } = [];

    /// <summary>What else decides, after all of the above; no profile says it.</summary>
    internal ISelectionFilter? Filter { get; init; }
}
