using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Takes away what nothing reads: nodes, with their bodies, and initializers. Graph inputs stay, as do initializers that callers may feed:
/// both are the model's signature.
/// </summary>
[Description("Takes away what nothing reads: nodes with their bodies, and initializers.")]
public sealed class EliminateDeadNodes : GraphPass
{
    public override NumericEffect Effect => NumericEffect.Exact;

    protected override void Run(Graph graph, PassContext context)
    {
        // Last first: a dead node's inputs are dead before they are met.
        foreach (var node in graph.Nodes.Reverse().ToList())
            if (IsDead(node) && context.Rewriting($"remove unused {node.OpType}", node))
                node.Remove();
        RemoveDeadInitializers(graph, context);
    }

    private static bool IsDead(Node node) => node.Outputs.All(output => output is null || output.Uses.Count == 0);

    private static void RemoveDeadInitializers(Graph graph, PassContext context)
    {
        var dead = graph.Initializers.Where(value => value.Uses.Count == 0 && !value.IsOverridable);
        graph.RemoveInitializers(dead.Where(value => context.Rewriting("remove unused initializer", value)).ToHashSet());
    }
}
