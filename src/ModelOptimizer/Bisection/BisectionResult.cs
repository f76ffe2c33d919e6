using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Bisection;

/// <summary>One pass of a profile to search.</summary>
/// <param name="Pass">The pass.</param>
/// <param name="Location">Where the profile names it.</param>
/// <param name="Options">What it was made with; null when it has no options.</param>
public sealed record BisectedPass(IGraphPass Pass, SourceLocation? Location = null, object? Options = null)
{
    /// <summary>Its place among the profile's passes, by which a ranges file knows what belongs to it.</summary>
    public int Step { get; init; }
}

/// <summary>What the search found.</summary>
/// <param name="Rewrites">How many rewrites all passes make together.</param>
/// <param name="Samples">How many samples each probe ran.</param>
/// <param name="Source">Where they come from, in words.</param>
/// <param name="Changes">How far the outputs are from the original's after all rewrites.</param>
/// <param name="Culprit">The first rewrite that changes them beyond the tolerance; null when there is none.</param>
public sealed record BisectionResult(int Rewrites, int Samples, string Source, IReadOnlyList<OutputChange> Changes, BlamedRewrite? Culprit);

/// <summary>The rewrite that does the harm.</summary>
/// <param name="Number">Its place among all rewrites, from 1 on.</param>
/// <param name="Rewrite">What was changed where.</param>
/// <param name="RunBy">The profile's pass that made it, itself or as a group.</param>
/// <param name="Before">How far the outputs were from the original's with one rewrite less.</param>
/// <param name="After">How far they are with it; empty when the runtime refuses the model.</param>
/// <param name="Refusal">The runtime's reason not to run the model any more; null where it runs.</param>
public sealed record BlamedRewrite(
    int Number, Rewrite Rewrite, BisectedPass RunBy, IReadOnlyList<OutputChange> Before, IReadOnlyList<OutputChange> After, string? Refusal);
