using System.ComponentModel;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>How far constant folding may go.</summary>
public sealed record FoldConstantsOptions
{
    [Option("How many bytes one folded result may add to the model, beyond the constants that it replaces.", Example = "4 KiB")]
    public ByteSize MaxGrowth { get; init; } = new(4 << 10);
}

/// <summary>
/// Computes what depends on constants only, once and for all, with the runtime's own kernels.
/// <code>
/// Add(x, Mul(c1, c2))  =>  Add(x, c3)
/// </code>
/// What is not folded, and why, is listed in <see cref="FoldingRules"/> and <see cref="FoldableRegion"/>.
/// </summary>
[Description("Computes what depends on constants only, once and for all, with the runtime's own kernels.")]
public sealed class FoldConstants(FoldConstantsOptions options) : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    internal ByteSize MaxGrowth => options.MaxGrowth;

    public void Run(OnnxModel model, PassContext context)
    {
        // Some results are too large to be computed at all.
        context.InferTypes();
        // Outer graphs first: their results are constants to the bodies inside.
        foreach (var graph in GraphWalker.Graphs(model).ToList())
            while (!context.IsDone && FoldableRegion.Collect(graph, options.MaxGrowth, context) is { Nodes.Count: > 0 } region)
                if (!Fold(region, context))
                    break;
    }

    /// <returns>True when there may be more to fold, because the region was cut short.</returns>
    private bool Fold(FoldableRegion region, PassContext context)
    {
        var results = new ConstantEvaluator(context.Engine).Evaluate(context.Model, region.Graph, region.Nodes);
        var stored = region.Choose(results, options.MaxGrowth, context);
        var isChanged = false;
        foreach (var (node, values) in stored)
            isChanged |= Store(node, values, results, context);
        if (isChanged)
            region.RemoveDeadNodes();
        return isChanged && region.IsCut;
    }

    private static bool Store(Node node, IReadOnlyList<Value> values, EvaluationResults results, PassContext context)
    {
        if (!context.Rewriting($"fold {node.OpType} into a constant", node))
            return false;
        foreach (var value in values)
        {
            var constant = node.Graph!.AddConstant(value.Name, results[value]!);
            value.ReplaceAllUsesWith(constant);
        }
        return true;
    }
}
