using System.ComponentModel;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>How far simplification may go.</summary>
public sealed record SimplifyOptions
{
    [Option("How many bytes one folded result may add to the model, beyond the constants that it replaces.", Example = "4 KiB")]
    public ByteSize MaxGrowth { get; init; } = new FoldConstantsOptions().MaxGrowth;
}

/// <summary>The exact cleanup passes, until none of them finds anything: fewer nodes, the same answers.</summary>
[Description("Runs the exact cleanup passes until none of them finds anything: fewer nodes, the same answers.")]
public sealed class Simplify(SimplifyOptions options) : FixpointGroup(DefaultPipeline.Simplify(options));
