using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds BatchNormalization into the weights of the Gemm, or the MatMul of matrices, behind it. The MatMul becomes a Gemm.
/// <code>
/// Gemm(BatchNormalization(x), W, b)  =>  Gemm(x, W · s, b + W · t)    with s = scale / √(variance + epsilon), t = B − mean · s
/// </code>
/// </summary>
[Description("Folds BatchNormalization into the weights of the Gemm or MatMul behind it.")]
public sealed class FuseBatchNormalizationGemm() : FuseIntoWeights(["BatchNormalization"], ["MatMul", "Gemm"], FoldSide.Input);
