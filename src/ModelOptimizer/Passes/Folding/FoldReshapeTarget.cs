using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Writes the shape that a Reshape makes as a constant, where inference knows all lengths but one: a length that the input's axis at the same place
/// has, too, is kept (0), the one that is left follows from the others (−1). What computed the shape is then dead.
/// <code>
/// Reshape(x: float[b,s,768], Concat(b, s, 12, 64))  =>  Reshape(x, [0,0,12,64])
/// </code>
/// The runtime takes no −1 beside a length of 0, so a model whose kept axes may be empty loses that case, as with every exporter that writes −1.
/// </summary>
[Description("Writes the shape that a Reshape makes as a constant, where all lengths but one are known.")]
public sealed class FoldReshapeTarget : NodeRewrite
{
    /// <summary>The first opset whose Reshape takes the shape as an input.</summary>
    private const long ShapeAsInput = 5;

    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "Reshape" };

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        if (context.Opset(node.Graph!) < ShapeAsInput || node.Input(1) is not { Constant: null } computed)
            return Outcome.Done;
        if (node.Input(0)?.Type?.Shape is not { } from || node.Output().Type?.Shape is not { } to)
            return Outcome.Refused("not even the ranks of its input and result are known");
        if (ReshapeTarget.For(from, to) is not { } target)
            return Outcome.Refused($"'{computed}' holds more than one length that only a run decides");
        if (!context.Rewriting("write the shape as a constant", node))
            return Outcome.Done;
        node.SetInput(1, node.Graph!.AddConstant($"{computed.Name}_target", Tensor.Create([target.Length], target)));
        node.Attributes.Remove("allowzero");
        return Outcome.Done;
    }
}
