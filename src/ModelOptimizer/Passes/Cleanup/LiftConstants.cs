using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Turns Constant nodes into initializers, in graphs that can hold them, and moves a weight that several bodies hold alike to the graph
/// around them, where it is stored once.
/// <code>
/// If(c) { then: MatMul(x, Constant(w)) } { else: MatMul(y, Constant(w)) }  =>  w; If(c) { then: MatMul(x, w) } { else: MatMul(y, w) }
/// </code>
/// </summary>
[Description("Turns Constant nodes into initializers and stores weights once that several bodies hold alike.")]
public sealed class LiftConstants : IGraphPass
{
    /// <summary>Each value that a body reads from outside is handed to it at every run: fewer bytes are not worth it.</summary>
    private const int SmallestShared = 1 << 10;

    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        foreach (var graph in GraphWalker.Graphs(model).Where(graph => !graph.IsFunction).ToList())
            LiftNodes(graph, context);
        foreach (var root in model.Functions.Select(function => function.Body).Prepend(model.Graph))
            ShareAmongBodies(root, context);
    }

    private static void LiftNodes(Graph graph, PassContext context)
    {
        foreach (var node in graph.Nodes)
            if (node.ConstantOutput is { } tensor && context.Rewriting("make an initializer of a Constant node", node))
                node.ReplaceWith(graph.AddInitializer(node.Output().Name, tensor));
    }

    private static void ShareAmongBodies(Graph root, PassContext context)
    {
        var large = GraphWalker.Graphs(root).Where(graph => graph != root).SelectMany(graph => graph.Initializers)
            .Where(value => value is { Constant.ByteCount: >= SmallestShared, IsGraphOutput: false, Uses.Count: > 0 })
            .Where(value => !DequantizedInBody.Reads(value));
        foreach (var equal in large.GroupBy(value => new TensorContent(value.Constant!)).Where(group => group.Count() > 1).ToList())
            if (context.Rewriting($"store once what {equal.Count()} bodies hold alike", equal.First()))
                Move(equal, root);
    }

    private static void Move(IEnumerable<Value> equal, Graph root)
    {
        var first = equal.First();
        var shared = root.AddConstant(first.Name, first.Constant!);
        foreach (var value in equal)
        {
            value.ReplaceAllUsesWith(shared);
            value.Graph.RemoveInitializer(value);
        }
    }
}
