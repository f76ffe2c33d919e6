using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant term, one for all or one per channel, into the bias of the Conv or ConvTranspose before it.
/// <code>
/// Add(Conv(x, W, b), c)  =>  Conv(x, W, b + c)
/// </code>
/// </summary>
[Description("Folds a constant term into the bias of the Conv or ConvTranspose before it.")]
public sealed class FuseConvAdd() : FuseIntoWeights(["Add", "Sub"], ["Conv", "ConvTranspose"], FoldSide.Output);
