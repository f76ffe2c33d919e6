using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant term into the bias of the Conv behind it, where that one does not pad: padding comes after the term.
/// <code>
/// Conv(Add(x, c), W, b)  =>  Conv(x, W, b + W · c)
/// </code>
/// </summary>
[Description("Folds a constant term into the bias of the Conv behind it, where that one does not pad.")]
public sealed class FuseAddConv() : FuseIntoWeights(["Add", "Sub"], ["Conv"], FoldSide.Input);
