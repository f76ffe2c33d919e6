using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>How the weights that become zero are chosen.</summary>
public enum SparsityMethod
{
    /// <summary>The smallest.</summary>
    Magnitude,

    /// <summary>The smallest times the norm of the input that they are multiplied by, output by output (Sun et al., arXiv 2306.11695).</summary>
    Wanda,

    /// <summary>Those that cost least when others make up for them, and they do (Frantar and Alistarh, arXiv 2301.00774).</summary>
    Sparsegpt,
}

/// <summary>Which weights are held against each other.</summary>
public enum SparsityScope
{
    /// <summary>Those of one tensor: each loses the same share.</summary>
    Tensor,

    /// <summary>Those of all: tensors of small weights lose more.</summary>
    Global,
}

/// <summary>Options of <see cref="PruneWeights"/>.</summary>
public sealed record PruneWeightsOptions : SelectionOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("How many of the weights become zero.", IsMain = true, Minimum = 0, Maximum = 0.99, Example = "50%")]
    public Ratio Sparsity { get; init; } = new(0.5);

    [Option("How they are chosen: `magnitude`, the smallest; `wanda`, the smallest times the norm of their input on calibration data; `sparsegpt`, those that "
        + "cost least when the other weights of a row make up for them, which they do. Left out: sparsegpt where the profile has calibration data, "
        + "else magnitude.")]
    public SparsityMethod? Method { get; init; }

    [Option("Of so many neighbours along the inputs of a layer so many stay, instead of a share of all: `2:4`. `sparsity` is not used then.",
        Pattern = "^[1-9][0-9]?:[1-9][0-9]?$", Meaning = "two numbers such as 2:4", Example = "\"2:4\"")]
    public string? Pattern { get; init; }

    [Option("What is held against each other: the weights of each tensor, or all of them. All are compared by magnitude only.")]
    public SparsityScope Scope { get; init; } = SparsityScope.Tensor;

    [Option("Takes the kernels of depthwise convolutions, too. They are a small part of a file and have few weights for each output, "
        + "so that zeros there cost more than anywhere else.")]
    public bool Depthwise { get; init; }
}
