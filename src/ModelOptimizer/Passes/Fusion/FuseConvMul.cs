using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant factor or divisor, one for all or one per channel, into the weights of the Conv or ConvTranspose before it.
/// <code>
/// Mul(Conv(x, W, b), c)  =>  Conv(x, W · c, b · c)
/// </code>
/// </summary>
[Description("Folds a constant factor or divisor into the weights of the Conv or ConvTranspose before it.")]
public sealed class FuseConvMul() : FuseIntoWeights(["Mul", "Div"], ["Conv", "ConvTranspose"], FoldSide.Output);
