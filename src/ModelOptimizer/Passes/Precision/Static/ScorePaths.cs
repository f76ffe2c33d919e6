using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The arithmetic between the products of attention and their Softmax: scales, masks, relative positions. A mask's constant, down to the lowest
/// float, would stretch the range of a sum until all scores become one code, and Softmax takes differences for what they are.
/// </summary>
internal sealed class ScorePaths
{
    private readonly HashSet<Node> _nodes = [];

    public ScorePaths(OnnxModel model)
    {
        var pending = new Stack<Node>(GraphWalker.Nodes(model).Where(node => node.Is("Softmax", "LogSoftmax")));
        while (pending.TryPop(out var node))
            foreach (var producer in node.Inputs.OfType<Value>().Select(input => input.Producer).OfType<Node>())
                if (IsScoreArithmetic(producer) && _nodes.Add(producer))
                    pending.Push(producer);
    }

    /// <summary>True when nothing but arithmetic and movement lies between the node and a Softmax.</summary>
    public bool Has(Node node) => _nodes.Contains(node);

    private static bool IsScoreArithmetic(Node node) => node.Is("Add", "Sub", "Mul", "Div", "Where", "Max", "Min") || DataMovement.Moved(node).Any();
}
