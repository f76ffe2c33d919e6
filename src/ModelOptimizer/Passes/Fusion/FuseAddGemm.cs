using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant term into the bias of the Gemm, or the MatMul of matrices, behind it. The MatMul becomes a Gemm.
/// <code>
/// Gemm(Add(x, c), W, b)  =>  Gemm(x, W, b + W · c)
/// </code>
/// </summary>
[Description("Folds a constant term into the bias of the Gemm or MatMul behind it.")]
public sealed class FuseAddGemm() : FuseIntoWeights(["Add", "Sub"], ["MatMul", "Gemm"], FoldSide.Input);
