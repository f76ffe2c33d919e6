using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Nodes of the original that are compared together.</summary>
/// <param name="Head">The first, whose kernel took in the others.</param>
internal sealed record NodeGroup(Node Head, OwnWork Before, OwnWork After)
{
    public bool IsQuantized => After.IsQuantized;
}

/// <summary>
/// Puts nodes together whose work one kernel does in one model and several in the other: a Relu that the float convolution took in, a bias that
/// the quantized product adds. Compared one by one, they would seem to have become free, and their neighbours slower.
/// </summary>
internal static class NodeGroups
{
    /// <summary>What kernels take in from before and behind them.</summary>
    private static readonly HashSet<string> s_taken =
    [
        "Add", "Sub", "Mul", "Div", "BatchNormalization", "Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Elu", "Gelu", "Pad",
    ];

    public static IReadOnlyList<NodeGroup> Of(OnnxModel original, IReadOnlyDictionary<Node, OwnWork> before, IReadOnlyDictionary<Node, OwnWork> after)
    {
        var heads = new Dictionary<Node, Node>();
        var groups = new Dictionary<Node, NodeGroup>();
        foreach (var node in GraphWalker.Nodes(original).Where(node => before.ContainsKey(node) || after.ContainsKey(node)))
        {
            var head = heads[node] = Neighbour(node, before, after) is { } neighbour ? heads.GetValueOrDefault(neighbour, neighbour) : node;
            var (own, now) = (before.GetValueOrDefault(node, OwnWork.None), after.GetValueOrDefault(node, OwnWork.None));
            groups[head] = groups.TryGetValue(head, out var group)
                ? new NodeGroup(group.Head, group.Before.WithNeighbour(own), group.After.WithNeighbour(now))
                : new NodeGroup(head, own, now);
        }
        return [.. groups.Values];
    }

    /// <summary>The node whose kernel took this one's work in, in one of the models only; null when it stands for itself.</summary>
    private static Node? Neighbour(Node node, IReadOnlyDictionary<Node, OwnWork> before, IReadOnlyDictionary<Node, OwnWork> after)
    {
        if (before.ContainsKey(node) == after.ContainsKey(node))
            return null;
        var (with, without) = before.ContainsKey(node) ? (before, after) : (after, before);
        var producer = node.Inputs.OfType<Value>().Select(value => value.Producer).FirstOrDefault(maker => maker is { OpType: not "Constant" });
        // One model calls the kernel by the first of the nodes it does, the other by the last.
        if (producer is not null && s_taken.Contains(node.OpType) && (without.ContainsKey(producer) || with.ContainsKey(producer)))
            return producer;
        return null;
    }
}
