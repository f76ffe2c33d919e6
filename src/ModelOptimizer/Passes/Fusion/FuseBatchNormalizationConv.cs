using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds BatchNormalization into the weights of the Conv behind it, where that one does not pad: padding comes after normalization.
/// <code>
/// Conv(BatchNormalization(x), W, b)  =>  Conv(x, W · s, b + W · t)    with s = scale / √(variance + epsilon), t = B − mean · s
/// </code>
/// </summary>
[Description("Folds BatchNormalization into the weights of the Conv behind it, where that one does not pad.")]
public sealed class FuseBatchNormalizationConv() : FuseIntoWeights(["BatchNormalization"], ["Conv"], FoldSide.Input);
