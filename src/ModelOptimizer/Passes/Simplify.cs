using System.ComponentModel;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>How far simplification may go.</summary>
public sealed record SimplifyOptions
{
    [Option("How many bytes one folded result may add to the model, beyond the constants that it replaces.", Example = "4 KiB")]
    public ByteSize MaxGrowth { get; init; } = new FoldConstantsOptions().MaxGrowth;

    [Option("Whether to leave out what computes the same formula in another order, and so may round differently: folding into weights.")]
    public bool Exact { get; init; }
}

/// <summary>
/// Cleanup and folding into weights, until no pass finds anything: fewer nodes, all of them standard, the same answers up to float noise;
/// bit for bit with <see cref="SimplifyOptions.Exact"/>, as far as kernels are the same.
/// </summary>
[Description("Runs cleanup and folding into weights until no pass finds anything: fewer nodes, the same answers up to float noise.")]
public sealed class Simplify(SimplifyOptions options) : FixpointGroup(DefaultPipeline.Simplify(options));
