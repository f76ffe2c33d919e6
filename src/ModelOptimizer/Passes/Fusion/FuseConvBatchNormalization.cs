using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds BatchNormalization into the weights of the Conv or ConvTranspose before it.
/// <code>
/// BatchNormalization(Conv(x, W, b))  =>  Conv(x, W · s, (b − mean) · s + B)    with s = scale / √(variance + epsilon)
/// </code>
/// </summary>
[Description("Folds BatchNormalization into the weights of the Conv or ConvTranspose before it.")]
public sealed class FuseConvBatchNormalization() : FuseIntoWeights(["BatchNormalization"], ["Conv", "ConvTranspose"], FoldSide.Output);
