using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one Gather of a Gather with constant indices and what follows it: another one, or an Unsqueeze or Squeeze of the axis picked from.
/// <code>
/// Unsqueeze(Gather(x, 3), [0])          =>  Gather(x, [3])
/// Squeeze(Gather(x, [3]), [0])          =>  Gather(x, 3)
/// Gather(Gather(x, [5,6,7]), [0,2])     =>  Gather(x, [5,7])
/// </code>
/// </summary>
[Description("Makes one Gather of a Gather with constant indices and the Gather, Unsqueeze or Squeeze behind it.")]
public sealed class MergeGathers : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Gather", "Unsqueeze", "Squeeze" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Input(0)?.Producer is not { } before || !before.Is("Gather") || before.Attributes.HasReferences)
            return Outcome.Done;
        if (before.Input(1)?.Constant is not { Dimensions.Length: <= 1 } indices || Axis(before) is not { } axis)
            return Outcome.Done;
        // What else reads the first Gather keeps it: nothing would be gained.
        if (before.Output().Uses.Any(use => !use.User.Is(node.OpType)) || Merged(node, indices, axis, context) is not { } merged)
            return Outcome.Done;
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        var constant = node.Graph!.AddConstant("indices", merged);
        var gather = node.Graph.Insert(node, "Gather", [before.Input(0), constant], name: node.Name);
        gather.Attributes.Set("axis", axis);
        gather.Output().TakePlaceOf(node);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    /// <summary>The indices that pick what both nodes pick, in the shape that the second leaves; null when it is about another axis.</summary>
    private static Tensor? Merged(Node node, Tensor indices, long axis, PassContext context)
    {
        if (node.Is("Gather"))
            return indices.Dimensions.Length == 1 && Axis(node) == axis ? Pick(node, indices) : null;
        var isOne = indices.Dimensions.Length == (node.Is("Squeeze") ? 1 : 0) && indices.ElementCount == 1;
        if (!isOne || AxesOperand.Resolved(node, context.Opset(node.Graph!)) is not [var changed] || changed != axis)
            return null;
        return Tensor.Create(node.Is("Squeeze") ? [] : [1], indices.AsInt64s());
    }

    private static Tensor? Pick(Node node, Tensor indices)
    {
        if (node.Input(1)?.Constant is not { } picks)
            return null;
        var from = indices.AsInt64s();
        var places = picks.AsInt64s().Select(place => place < 0 ? place + from.Length : place).ToArray();
        if (places.Any(place => place < 0 || place >= from.Length))
            return null;
        return Tensor.Create(picks.Dimensions.AsSpan(), [.. places.Select(place => from[place])]);
    }

    private static long? Axis(Node gather)
    {
        var axis = gather.Attributes.GetInt("axis", 0);
        return axis >= 0 ? axis : axis + gather.Input(0)?.Type?.Shape?.Rank;
    }
}
