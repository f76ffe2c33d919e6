using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Makes one Transpose of two in a row; where the second undoes the first, none is left.
/// <code>
/// Transpose(Transpose(x, p), q)  =>  Transpose(x, p[q])
/// </code>
/// </summary>
[Description("Makes one Transpose of two in a row, or none where the second undoes the first.")]
public sealed class MergeTransposes : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Transpose" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (node.Input(0)?.Producer is not { } before || !before.Is("Transpose") || before.Attributes.HasReferences)
            return Outcome.Done;
        if (Permutation.Of(before) is not { } first || Permutation.Of(node) is not { } second || first.Length != second.Length)
            return Outcome.Refused("its rank is unknown");
        if (!context.Rewriting($"merge with {before}", node))
            return Outcome.Done;
        var (source, order) = (before.Input(0)!, first.Then(second));
        if (order.IsIdentity() && (!node.Output().IsGraphOutput || source.CanBecomeOutputOf(node.Graph!)))
            node.ReplaceWith(source);
        else
            Merge(node, source, order);
        before.RemoveIfUnused();
        return Outcome.Done;
    }

    private static void Merge(Node node, Value source, IEnumerable<long> order)
    {
        node.SetInput(0, source);
        node.Attributes.Set("perm", order);
    }
}
