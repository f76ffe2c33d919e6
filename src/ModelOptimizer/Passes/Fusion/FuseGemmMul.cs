using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant factor or divisor, one for all or one per column, into the weights of the Gemm or MatMul before it.
/// <code>
/// Mul(MatMul(x, W), c)  =>  MatMul(x, W · c)
/// </code>
/// </summary>
[Description("Folds a constant factor or divisor into the weights of the Gemm or MatMul before it.")]
public sealed class FuseGemmMul() : FuseIntoWeights(["Mul", "Div"], ["MatMul", "Gemm"], FoldSide.Output);
