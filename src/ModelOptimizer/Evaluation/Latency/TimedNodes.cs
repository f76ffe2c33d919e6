using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Evaluation;

/// <summary>What messages and profiles call the original's nodes, which were timed under names that are theirs alone.</summary>
internal sealed class TimedNodes(OnnxModel original)
{
    private readonly Dictionary<string, Node> _nodes = DistinctNames.Of(original);
    private readonly HashSet<string> _shared =
        [.. GraphWalker.Nodes(original).GroupBy(node => node.Name).Where(nodes => nodes.Count() > 1).Select(nodes => nodes.Key)];

    /// <summary>For a human to find it: <c>MatMul '/head/MatMul'</c>.</summary>
    public string Describe(ComparedOperator compared)
    {
        var timed = compared.Nodes[0];
        if (_nodes.GetValueOrDefault(timed) is not { } node || node.Name == timed)
            return $"{compared.Operator} '{timed}'";
        return node.OpType + (node.Outputs.Any(output => output?.Name == timed) ? $" that makes '{timed}'" : "");
    }

    /// <summary>
    /// What <c>exclude</c> calls the node alone: its name or that of a weight which nobody else reads. Null when it has neither.
    /// </summary>
    public string? Glob(string timed)
    {
        if (!_nodes.TryGetValue(timed, out var node) || (node.Name == timed && !_shared.Contains(timed)))
            return timed;
        return Constants(node).FirstOrDefault(weight => weight.Uses.All(use => use.User == node))?.Name;
    }

    /// <summary>The names of the weights that the node reads.</summary>
    public IEnumerable<string> WeightsOf(string timed) =>
        _nodes.TryGetValue(timed, out var node) ? Constants(node).Select(weight => weight.Name) : [];

    /// <summary>
    /// True when the node only moves what others compute: where these are quantized, keeping it float takes more time, not less.
    /// </summary>
    public bool Moves(string timed) => _nodes.TryGetValue(timed, out var node) && DataMovement.OnlyMoves(node);

    private static IEnumerable<Value> Constants(Node node) =>
        node.Inputs.OfType<Value>().Where(value => value.Constant is not null && value.Name.Length > 0);
}
