using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Stores equal constants once. Initializers and Constant nodes count alike; a body reads the constant of the graph around it.
/// <code>
/// MatMul(x, w1), MatMul(y, w2) with w1 = w2  =>  MatMul(x, w1), MatMul(y, w1)
/// </code>
/// </summary>
[Description("Stores equal constants once.")]
public sealed class DeduplicateInitializers : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        foreach (var root in model.Functions.Select(function => function.Body).Prepend(model.Graph))
            Run(root, new ConstantScope(outer: null), context);
    }

    /// <param name="scope">The constants that exist at this point, of this graph and those around it.</param>
    private static void Run(Graph graph, ConstantScope scope, PassContext context)
    {
        var constants = graph.Initializers.Where(value => value.Constant is not null);
        graph.RemoveInitializers(constants.Where(value => Share(value, scope, context)).ToHashSet());
        foreach (var node in graph.Nodes)
        {
            if (node.ConstantOutput is not null && Share(node.Output(), scope, context))
                node.Remove();
            foreach (var body in node.Bodies)
                Run(body.Graph, new ConstantScope(scope), context);
        }
    }

    /// <returns>True when every reader now reads an equal constant.</returns>
    private static bool Share(Value value, ConstantScope scope, PassContext context)
    {
        if (scope.FindOrAdd(value) is not { } equal)
            return false;
        // An output slot that shows another's constant costs an Identity node.
        if (value.IsGraphOutput || value.Uses.Count == 0 || (equal.Graph != value.Graph && DequantizedInBody.Reads(value)))
            return false;
        if (!context.Rewriting($"read '{equal}', which is equal", value))
            return false;
        value.ReplaceAllUsesWith(equal);
        return true;
    }
}
