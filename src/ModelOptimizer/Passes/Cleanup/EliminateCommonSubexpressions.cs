using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Computes once what two nodes would compute alike; a body reads the result of the graph around it.
/// <code>
/// Add(Exp(x), Neg(Exp(x)))  =>  e = Exp(x); Add(e, Neg(e))
/// Sub(Mul(x, y), Mul(y, x)) =>  m = Mul(x, y); Sub(m, m)
/// </code>
/// </summary>
[Description("Computes once what several nodes compute alike.")]
public sealed class EliminateCommonSubexpressions : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        foreach (var root in model.Functions.Select(function => function.Body).Prepend(model.Graph))
            Run(root, new ExpressionScope(outer: null), context);
    }

    /// <param name="scope">What is computed before this point, here and in the graphs around.</param>
    private static void Run(Graph graph, ExpressionScope scope, PassContext context)
    {
        foreach (var node in graph.Nodes)
        {
            foreach (var body in node.Bodies)
                Run(body.Graph, new ExpressionScope(scope), context);
            if (IsCandidate(node) && scope.FindOrAdd(node) is { } equal && CanShare(node, equal))
                Share(node, equal, context);
        }
    }

    private static bool IsCandidate(Node node) =>
        node.Inputs.Any(input => input is not null) && node.Bodies.Count == 0 && !node.Attributes.HasReferences && OperatorCatalog.IsDeterministic(node);

    /// <summary>An output slot keeps its own value: showing another's would cost an Identity node.</summary>
    private static bool CanShare(Node node, Node equal) => (equal.Graph == node.Graph || !DequantizedInBody.ReadsResultOf(node))
        && node.Outputs.Select((output, i) => (output, i))
        .All(slot => slot.output is null || slot.output.Uses.Count == 0
            || (!slot.output.IsGraphOutput && equal.Outputs[slot.i] is not null));

    private static void Share(Node node, Node equal, PassContext context)
    {
        if (!context.Rewriting($"read the outputs of {equal}, which computes the same", node))
            return;
        for (var i = 0; i < node.Outputs.Count; i++)
            if (node.Outputs[i] is { Uses.Count: > 0 } output)
                output.ReplaceAllUsesWith(equal.Output(i));
        node.Remove();
    }
}
