using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets a reduction keep the axes that an Unsqueeze puts back, or drop those that a Squeeze takes away.
/// <code>
/// Unsqueeze(ReduceMean(x, axes: 1, keepdims: 0), 1)  =>  ReduceMean(x, axes: 1, keepdims: 1)
/// Squeeze(ArgMax(x, axis: 1, keepdims: 1), 1)        =>  ArgMax(x, axis: 1, keepdims: 0)
/// </code>
/// </summary>
[Description("Lets a reduction keep the axes that an Unsqueeze puts back, or drop those that a Squeeze takes away.")]
public sealed class MergeReductions : NodeRewrite
{
    private static readonly string[] Reductions =
    [
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
        "ReduceSumSquare", "ArgMax", "ArgMin",
    ];

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Squeeze", "Unsqueeze" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Input(0)?.Producer is not { } reduction || !reduction.Is(Reductions) || reduction.Attributes.HasReferences)
            return Outcome.Done;
        var keeps = node.Is("Unsqueeze");
        if (reduction.Graph != node.Graph || reduction.Attributes.GetInt("keepdims", 1) != (keeps ? 0 : 1))
            return Outcome.Done;
        var opset = context.Opset(node.Graph!);
        if (ReducedAxes(reduction, opset) is not { } reduced || AxesOperand.Resolved(node, opset) is not { } changed || !reduced.SetEquals(changed))
            return Outcome.Done;
        if (reduction.Output().Uses.Count > 1)
            return Outcome.Refused($"'{reduction.Output()}' has other readers");
        if (!context.Rewriting($"let {reduction} {(keeps ? "keep" : "drop")} its axes", node))
            return Outcome.Done;
        reduction.Attributes.Set("keepdims", keeps ? 1L : 0L);
        reduction.Output().TakePlaceOf(node);
        return Outcome.Done;
    }

    /// <summary>The axes counted from the first; null when they are not constant, or the rank that they are counted from is unknown.</summary>
    private static HashSet<long>? ReducedAxes(Node reduction, long opset)
    {
        if (Axes(reduction, opset) is not { Length: > 0 } axes)
            return null;
        if (axes.All(axis => axis >= 0))
            return [.. axes];
        return reduction.Input(0)?.Type?.Shape?.Rank is { } rank ? [.. axes.Select(axis => axis < 0 ? axis + rank : axis)] : null;
    }

    private static long[]? Axes(Node reduction, long opset) => reduction.Is("ArgMax", "ArgMin")
        ? [reduction.Attributes.GetInt("axis", 0)]
        : Operands.Int64s(reduction, "axes", 1, isInput: opset >= (reduction.Is("ReduceSum") ? 13 : 18));
}
