using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one Slice of two in a row whose numbers are constants, and one Gather of a Slice that leaves one element and the Squeeze behind it.
/// <code>
/// Slice(Slice(x, 2:8), 1:3)               =>  Slice(x, 3:5)
/// Squeeze(Slice(x, 3:4, axis: 1), [1])    =>  Gather(x, 3, axis: 1)
/// </code>
/// </summary>
[Description("Makes one Slice of two in a row, and one Gather of a Slice of one element and its Squeeze.")]
public sealed class MergeSlices : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Slice", "Squeeze" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Input(0)?.Producer is not { } before || !before.Is("Slice") || before.Attributes.HasReferences)
            return Outcome.Done;
        var opset = context.Opset(node.Graph!);
        if (ConstantSlice.Of(before, opset) is not { } first)
            return node.Is("Squeeze") ? Outcome.Done : Outcome.Refused($"the numbers of {before} are not constant");
        return node.Is("Slice") ? Merge(node, before, first, opset, context) : Pick(node, before, first, opset, context);
    }

    private static Outcome Merge(Node node, Node before, AxisSlice[] first, long opset, PassContext context)
    {
        if (ConstantSlice.Of(node, opset) is not { } second)
            return Outcome.Refused("its numbers are not constant");
        if (SliceMath.Compose(first, second, before.Input(0)!.Type?.Shape) is not { } merged)
            return Outcome.Refused("both cut the same axis in a way that depends on its length");
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        node.SetInput(0, before.Input(0));
        ConstantSlice.Set(node, merged, opset);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    /// <summary>One element picked: only where the Slice disappears, for both nodes cost the same.</summary>
    private static Outcome Pick(Node squeeze, Node slice, AxisSlice[] cuts, long opset, PassContext context)
    {
        if (cuts is not [var cut] || !cut.IsOneElement || slice.Output().Uses.Count > 1)
            return Outcome.Done;
        if (AxesOperand.Resolved(squeeze, opset) is not [var squeezed] || cut.ResolvedAxis(slice.Input(0)!.Type?.Shape) != squeezed)
            return Outcome.Done;
        if (!context.Rewriting($"replace {slice} and its Squeeze by a Gather", squeeze))
            return Outcome.Done;
        var index = squeeze.Graph!.AddConstant("index", Tensor.Create([], cut.Start));
        var gather = squeeze.Graph.Insert(squeeze, "Gather", [slice.Input(0), index], name: squeeze.Name);
        gather.Attributes.Set("axis", squeezed);
        gather.Output().TakePlaceOf(squeeze);
        slice.RemoveIfUnused();
        return Outcome.Done;
    }
}
