using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>
/// The nodes of one graph that depend on constants only. They are evaluated together, then it is decided at which of their values the
/// graph is cut: those are stored, everything before them disappears.
/// </summary>
internal sealed class FoldableRegion
{
    /// <summary>Constants beyond this many bytes are left to a further region: each is in memory once more while it is evaluated.</summary>
    private const long LargestInputBytes = 256L << 20;

    private readonly List<Node> _nodes = [];
    private readonly HashSet<Node> _members = [];
    private readonly HashSet<Value> _leaves = [];
    private long _inputBytes;

    private FoldableRegion(Graph graph) => Graph = graph;

    public Graph Graph { get; }

    /// <summary>In order of execution.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>True when more nodes may follow once these are folded.</summary>
    public bool IsCut => _inputBytes > LargestInputBytes;

    public static FoldableRegion Collect(Graph graph, ByteSize maxGrowth, PassContext context)
    {
        var region = new FoldableRegion(graph);
        foreach (var node in graph.Nodes)
        {
            if (region.IsCut)
                break;
            if (!region.HasConstantInputs(node))
                continue;
            if ((FoldingRules.Refusal(node) ?? context.RefusedFolds.WhyNot(node, maxGrowth)) is { } why)
                context.Refuse(node, why);
            else
                region.Add(node);
        }
        return region;
    }

    /// <summary>
    /// Chooses the values to store. A part whose results cost little altogether is folded whole; in others a node whose results would cost
    /// too much stays, from the last one back, and what it reads is stored.
    /// </summary>
    /// <returns>The nodes to replace with those of their outputs that are read from outside, in order of execution.</returns>
    public IReadOnlyList<(Node Node, IReadOnlyList<Value> Values)> Choose(EvaluationResults results, ByteSize maxGrowth, PassContext context)
    {
        var position = _nodes.Select((node, index) => (node, index)).ToDictionary(pair => pair.node, pair => pair.index);
        return [.. RegionPart.Split(_nodes)
            .SelectMany(part => part.Growth(results) <= maxGrowth.Bytes ? StoreWhole(part) : StoreWithin(part, results, maxGrowth, context))
            .OrderBy(chosen => position[chosen.Node])];
    }

    private IEnumerable<(Node Node, IReadOnlyList<Value> Values)> StoreWhole(RegionPart part) =>
        part.Nodes.Select(node => (node, ReadOutside(node))).Where(stored => stored.Item2.Count > 0);

    private List<(Node Node, IReadOnlyList<Value> Values)> StoreWithin(RegionPart part, EvaluationResults results, ByteSize maxGrowth, PassContext context)
    {
        var budget = new FoldingBudget(_members, results, maxGrowth);
        var chosen = new List<(Node, IReadOnlyList<Value>)>();
        foreach (var node in Enumerable.Reverse(part.Nodes))
        {
            var read = ReadOutside(node);
            if (read.Count == 0)
                continue;
            if (budget.Refusal(node, read) is not { } why)
            {
                chosen.Add((node, read));
                continue;
            }
            context.Refuse(node, why);
            context.RefusedFolds.Add(node, maxGrowth, why);
            _members.Remove(node);
        }
        return chosen;
    }

    private IReadOnlyList<Value> ReadOutside(Node node) =>
        [.. node.Outputs.OfType<Value>().Where(output => output.Uses.Any(use => !_members.Contains(use.User)))];

    /// <summary>Takes away the nodes that nothing reads any more.</summary>
    public void RemoveDeadNodes()
    {
        foreach (var node in Enumerable.Reverse(_nodes))
            if (node.Outputs.All(output => output is null || output.Uses.Count == 0))
                node.Remove();
    }

    private bool HasConstantInputs(Node node) =>
        node.Inputs.Any(input => input is not null) && node.Outputs.Any(output => output?.Uses.Count > 0)
        && node.Inputs.All(input => input is null || IsConstant(input));

    private bool IsConstant(Value value) => value.Constant is not null || (value.Producer is { } producer && _members.Contains(producer));

    private void Add(Node node)
    {
        _nodes.Add(node);
        _members.Add(node);
        foreach (var input in node.Inputs)
            if (input?.Constant is { } constant && _leaves.Add(input))
                _inputBytes += constant.ByteCount;
    }
}
