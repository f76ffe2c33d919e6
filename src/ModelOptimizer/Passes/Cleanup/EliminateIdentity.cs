using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes away nodes that hand on a value unchanged: Identity, and others whose attributes, constants or types make them one.
/// <code>
/// Relu(Identity(x))  =>  Relu(x)
/// Mul(x, 1)          =>  x
/// Not(Not(x))        =>  x
/// </code>
/// </summary>
[Description("Takes away nodes that hand on a value unchanged: Identity, and others that attributes, constants or types make one.")]
public sealed class EliminateIdentity : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators => NoOps.Operators;

    protected override void Prepare(PassContext context) => context.InferTypes();

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        var verdict = NoOps.Judge(node, context.Opset(node.Graph!));
        if (!verdict.IsNoOp)
            return new Outcome(verdict.Reason);
        if (node.Outputs.Skip(1).Any(output => output?.Uses.Count > 0))
            return Outcome.Refused("its second output is used");
        var (source, output) = (verdict.Source ?? node.Input(0)!, node.Output());
        if (output.IsGraphOutput && !source.CanBecomeOutputOf(node.Graph!))
            return Outcome.Refused($"it carries '{source}' to a graph output, where the format needs a node");
        if (!context.Rewriting($"remove {node.OpType} that changes nothing", node))
            return Outcome.Done;
        if (output.Type is { } type)
            source.Refine(type);
        node.ReplaceWith(source);
        return Outcome.Done;
    }
}
