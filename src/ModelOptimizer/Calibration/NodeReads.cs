using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>The nodes of a main graph that wanted values depend on, in order, and what each reads, also from within its bodies.</summary>
internal sealed class NodeReads
{
    private readonly Dictionary<Node, IReadOnlyList<Value>> _reads = [];
    private readonly Dictionary<Value, int> _lastUses = [];

    public NodeReads(Graph graph, IEnumerable<Value> wanted)
    {
        var needed = wanted.ToHashSet();
        var nodes = new List<Node>();
        foreach (var node in graph.Nodes.Backwards())
        {
            if (!node.Outputs.Any(output => output is not null && needed.Contains(output)))
                continue;
            nodes.Add(node);
            _reads[node] = [.. GraphWalker.Reads(node).Distinct()];
            needed.UnionWith(_reads[node]);
        }
        nodes.Reverse();
        // Constants are copied to wherever they are read.
        Nodes = [.. nodes.Where(node => !IsConstant(node.Outputs[0]))];
        for (var i = 0; i < Nodes.Count; i++)
            foreach (var value in _reads[Nodes[i]])
                _lastUses[value] = i;
    }

    public IReadOnlyList<Node> Nodes { get; }

    public IReadOnlyList<Value> this[Node node] => _reads[node];

    /// <summary>The place of the last node that reads it; -1 when none does.</summary>
    public int LastUse(Value value) => _lastUses.GetValueOrDefault(value, -1);

    public static bool IsConstant(Value? value) => value is { Initializer: not null } or { Producer: { OpType: "Constant", Domain: "" } };
}
