using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one Clip of two in a row; a Relu is a Clip from 0 on.
/// <code>
/// Clip(Clip(x, 0, 6), -1, 4)  =>  Clip(x, 0, 4)
/// Clip(Relu(x), -1, 6)        =>  Clip(x, 0, 6)
/// Relu(Clip(x, -1, 6))        =>  Clip(x, 0, 6)
/// </code>
/// </summary>
[Description("Makes one Clip of Clips and Relus in a row.")]
public sealed class MergeClips : NodeRewrite
{
    /// <summary>Before opset 6 both operators had another form.</summary>
    private const long FirstOpset = 6;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Clip", "Relu" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var opset = context.Opset(node.Graph!);
        if (opset < FirstOpset || node.Input(0)?.Producer is not { } before || !before.Is("Clip", "Relu") || before.Attributes.HasReferences)
            return Outcome.Done;
        // Twice Relu is an idempotent operator repeated, which is seen for all such operators in one place.
        if (node.Is("Relu") && before.Is("Relu"))
            return Outcome.Done;
        if (ClipBounds.Of(before, opset) is not { } first || ClipBounds.Of(node, opset) is not { } second)
            return Outcome.Refused("the bounds are not constant numbers of float32 in order");
        if (!first.Meets(second))
            return Outcome.Refused("their ranges have no number in common");
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        var merged = node.Graph!.Insert(node, "Clip", [before.Input(0)], name: node.Name);
        first.Then(second).Set(merged, opset);
        merged.Output().TakePlaceOf(node);
        before.RemoveIfUnused();
        return Outcome.Done;
    }
}
