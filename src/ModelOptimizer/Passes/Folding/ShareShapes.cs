using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Lets shapes that are proven equal be computed once, and as early as possible: where two integer tensors have the same symbolic elements the later
/// reads the earlier, and the shape of a value that nothing else reads is taken from what it was made of.
/// <code>
/// x: float[b,3], y: float[b,5]; Gather(Shape(y), 0)  =>  Gather(Shape(x), 0)
/// Shape(Cast(x))                                     =>  Shape(x)
/// </code>
/// </summary>
[Description("Computes shapes that are proven equal once, and from the earliest value that has them.")]
public sealed class ShareShapes : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        context.InferTypes();
        foreach (var root in model.Functions.Select(function => function.Body).Prepend(model.Graph))
            Run(root, new ShapeScope(outer: null), context);
    }

    /// <param name="scope">What is computed before this point, here and in the graphs around.</param>
    private static void Run(Graph graph, ShapeScope scope, PassContext context)
    {
        foreach (var node in graph.Nodes)
        {
            if (context.IsDone)
                return;
            foreach (var body in node.Bodies)
                Run(body.Graph, new ShapeScope(scope), context);
            if (node.Is("Shape", "Size") && !node.Attributes.HasReferences)
                ReadEarlier(node, context);
            foreach (var output in node.Outputs.OfType<Value>())
                Share(output, node, scope, context);
        }
    }

    private static void Share(Value output, Node node, ShapeScope scope, PassContext context)
    {
        if (node.ConstantOutput is not null || ShapeKey.Of(output, context) is not { } key || scope.FindOrAdd(key, output) is not { } equal)
            return;
        // An output slot keeps its own value: showing another's would cost an Identity node.
        if (output.Uses.Count == 0 || output.IsGraphOutput)
            return;
        if (context.Rewriting($"read '{equal}', which holds the same lengths", node))
            output.ReplaceAllUsesWith(equal);
        node.RemoveIfUnused();
    }

    private static void ReadEarlier(Node node, PassContext context)
    {
        var source = node.Input(0);
        while (source is not null && EarlierLike(source) is { } earlier)
            source = earlier;
        if (source is not null && source != node.Input(0) && context.Rewriting($"ask '{source}', which has the same shape", node))
            node.SetInput(0, source);
    }

    /// <summary>What the value is made of, if it is made for the question alone and has the same shape as one of its maker's inputs.</summary>
    private static Value? EarlierLike(Value value) => value is { Uses.Count: 1, Producer: { } producer, Type.Shape: { IsKnown: true } shape }
        ? producer.Inputs.FirstOrDefault(input => input is { Constant: null, Type.Shape: { } its } && its.Equals(shape))
        : null;
}
