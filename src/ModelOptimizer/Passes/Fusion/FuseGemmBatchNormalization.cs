using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds BatchNormalization into the weights of the Gemm, or the MatMul of matrices, before it. The MatMul becomes a Gemm.
/// <code>
/// BatchNormalization(Gemm(x, W, b))  =>  Gemm(x, W · s, (b − mean) · s + B)    with s = scale / √(variance + epsilon)
/// </code>
/// </summary>
[Description("Folds BatchNormalization into the weights of the Gemm or MatMul before it.")]
public sealed class FuseGemmBatchNormalization() : FuseIntoWeights(["BatchNormalization"], ["MatMul", "Gemm"], FoldSide.Output);
