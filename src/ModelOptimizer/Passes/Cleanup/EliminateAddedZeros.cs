using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes away additions of a constant that is zero throughout, such as biases that were never trained. Equal in every comparison, not in
/// every bit: −0 + 0 is +0, which is why <see cref="EliminateIdentity"/> leaves them.
/// <code>
/// Add(MatMul(x, w), 0)  =>  MatMul(x, w)
/// </code>
/// Biases stay where ONNX Runtime needs them for an Attention, as <c>fuse</c> left them behind a LayerNormalization. What
/// <see cref="CompleteAttention"/> and <see cref="CompleteLayerNormalization"/> added to normalizations that are spelled out, as under
/// <c>format: standard</c>, goes again.
/// </summary>
[Description("Takes away additions of a constant that is zero throughout; only the sign of a zero may differ.")]
public sealed class EliminateAddedZeros : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Add" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var zero = IsZero(node.Input(1)!) ? 1 : 0;
        if (!IsZero(node.Input(zero)!))
            return Outcome.Done;
        var (kept, output) = (node.Input(1 - zero)!, node.Output());
        if (!BroadcastShapes.KeepsShape(kept, node.Input(zero)))
            return Outcome.Refused($"the zero may give '{kept}' another shape");
        if (output.IsGraphOutput && !kept.CanBecomeOutputOf(node.Graph!))
            return Outcome.Refused($"it carries '{kept}' to a graph output, where the format needs a node");
        if (context.Opset(node.Graph!) <= BertAttention.LatestOpset && BertAttention.Needs(node))
            return Outcome.Refused("the runtime makes Attention only of products with biases");
        if (context.Rewriting("remove the addition of zero", node))
            node.ReplaceWith(kept);
        return Outcome.Done;
    }

    private static bool IsZero(Value value) =>
        value.Constant is { } constant && constant.ElementType.IsFloatingPoint() && UnitTensors.AreZeros(constant);
}
