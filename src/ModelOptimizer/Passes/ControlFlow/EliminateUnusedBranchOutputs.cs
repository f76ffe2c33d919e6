using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes away outputs of an If that nothing reads, so that neither branch computes them.
/// <code>
/// y, z = If(c) { then: Relu(x), Exp(x) } { else: Abs(x), Log(x) }, z unused  =>  y = If(c) { then: Relu(x) } { else: Abs(x) }
/// </code>
/// </summary>
[Description("Takes away outputs of an If that nothing reads, so that neither branch computes them.")]
public sealed class EliminateUnusedBranchOutputs : NodeRewrite
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override IReadOnlySet<string> Operators { get; } = new HashSet<string> { "If" };

    protected override Outcome Rewrite(Node node, PassContext context)
    {
        // An If that nothing reads at all is dead as a whole.
        if (node.Outputs.All(IsUnused) || node.Bodies.Any(body => body.Graph.Outputs.Count != node.Outputs.Count))
            return Outcome.Done;
        for (var i = node.Outputs.Count - 1; i >= 0; i--)
            if (IsUnused(node.Outputs[i]) && context.Rewriting($"remove output {i}, which nothing reads", node))
                Remove(node, i);
        return Outcome.Done;
    }

    private static bool IsUnused(Value? output) => output is null || output.Uses.Count == 0;

    private static void Remove(Node node, int output)
    {
        node.RemoveOutput(output);
        foreach (var body in node.Bodies)
            body.Graph.RemoveOutput(output);
    }
}
