using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Gives the four products of BERT's attention the biases of zeros that they lack: ONNX Runtime makes one Attention only of the whole layer
/// with all of them, between a layer normalization and the residual sum.
/// <code>
/// MatMul(x, w)  =>  Add(MatMul(x, w), zeros)
/// </code>
/// Only up to opset 12, since the runtime does not know the mask of later ones. Behind a normalization that is spelled out, as under
/// <c>format: standard</c>, <c>simplify</c> takes the zeros away again: there <c>fuse</c> must be the last of the two. Equal in every
/// comparison: −0 + 0 is +0.
/// </summary>
[Description("Gives the products of BERT's attention the biases that they lack, so that the runtime knows it.")]
public sealed class CompleteAttention : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Reassociates;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Add" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (context.Opset(node.Graph!) is < ConstantOperand.BroadcastOpset or > BertAttention.LatestOpset || BertAttention.Of(node) is not { } layer)
            return Outcome.Done;
        List<(Node Product, long Width)> bare = [.. layer.Bare];
        if (bare.Count == 0)
            return Outcome.Done;
        if (layer.Misfit is { } misfit)
            return Outcome.Refused(misfit);
        if (!context.Rewriting("complete attention", node))
            return Outcome.Done;
        foreach (var (product, width) in bare)
            AppendedOperand.Append(product, "Add", Tensor.Create([width], new float[width]));
        return Outcome.Done;
    }
}
