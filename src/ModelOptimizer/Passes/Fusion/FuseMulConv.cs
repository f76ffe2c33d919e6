using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant factor or divisor, one for all or one per channel, into the weights of the Conv or ConvTranspose behind it.
/// <code>
/// Conv(Mul(x, c), W)  =>  Conv(x, W · c)
/// </code>
/// </summary>
[Description("Folds a constant factor or divisor into the weights of the Conv or ConvTranspose behind it.")]
public sealed class FuseMulConv() : FuseIntoWeights(["Mul", "Div"], ["Conv", "ConvTranspose"], FoldSide.Input);
