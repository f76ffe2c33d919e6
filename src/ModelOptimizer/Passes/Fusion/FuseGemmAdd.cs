using System.ComponentModel;

namespace ModelOptimizer.Passes;

/// <summary>
/// Folds a constant term, one for all or one per column, into the bias of the Gemm before it.
/// <code>
/// Add(Gemm(x, W, b), c)  =>  Gemm(x, W, b + c)
/// </code>
/// </summary>
[Description("Folds a constant term into the bias of the Gemm before it.")]
public sealed class FuseGemmAdd() : FuseIntoWeights(["Add", "Sub"], ["Gemm"], FoldSide.Output);
