using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant factor or divisor, one for all or one per column, into the weights of the Gemm or MatMul behind it.
/// <code>
/// MatMul(Mul(x, c), W)  =>  MatMul(x, W · c)
/// </code>
/// </summary>
[Description("Folds a constant factor or divisor into the weights of the Gemm or MatMul behind it.")]
public sealed class FuseMulGemm() : FuseIntoWeights(["Mul", "Div"], ["MatMul", "Gemm"], FoldSide.Input);
