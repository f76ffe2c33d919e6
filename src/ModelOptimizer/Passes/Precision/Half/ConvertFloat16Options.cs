using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>What becomes float16.</summary>
public enum HalfForm
{
    /// <summary>Constants in the file, with a Cast back to float32 that the runtime folds when it loads the model.</summary>
    Storage,

    /// <summary>Values and constants of everything that may be computed in float16.</summary>
    Compute,
}

/// <summary>The formats of 16 bits.</summary>
public enum HalfType
{
    /// <summary>11 bits of precision, up to 65504.</summary>
    Float16,

    /// <summary>8 bits of precision, the range of float32.</summary>
    Bfloat16,
}

public sealed record ConvertFloat16Options : QuantizationOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("What becomes 16 bits wide. `storage`: constants, while arithmetic keeps float32 and its speed; `compute`: values too, which is faster only on processors that compute in float16 natively.")]
    public HalfForm Form { get; init; }

    [Option("The format. `bfloat16` has the range of float32 and an eighth of float16's precision; only for `form: storage`.")]
    public HalfType Type { get; init; }

    [Option("With `form: compute`, whether inputs and outputs of the model stay float32. False changes its signature.")]
    public bool KeepIo { get; init; } = true;

    [Option("Constants with fewer elements are not stored in 16 bits, unless they belong to what is computed in float16.", Minimum = 1)]
    public int MinElements { get; init; } = 256;
}
