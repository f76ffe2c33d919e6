using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// How far the Transposes of a graph could be pushed towards its outputs, found in one sweep, and cut back to where it may pay. Each region of
/// nodes that one order can pass through is decided on as a whole.
/// </summary>
internal sealed class TransposePlan
{
    private readonly Graph _graph;
    private readonly long _opset;

    /// <summary>The values that are a Transpose of a value that could be had.</summary>
    private readonly Dictionary<Value, ImmutableArray<long>> _orders = [];
    private readonly List<PassedNode> _passed = [];
    private readonly Dictionary<Value, TransposedReaders> _readers = [];

    private TransposePlan(Graph graph, long opset)
    {
        _graph = graph;
        _opset = opset;
    }

    /// <summary>The regions that are left with fewer Transposes when they are passed through.</summary>
    public static IReadOnlyList<TransposeRegion> Regions(Graph graph, long opset)
    {
        var plan = new TransposePlan(graph, opset);
        plan.Sweep();
        plan.CountReaders();
        plan.CutBack();
        return [.. plan.Split().Where(region => region.Saved > 0)];
    }

    private void Sweep()
    {
        foreach (var node in _graph.Nodes)
            if (node.Is("Transpose") && !node.Attributes.HasReferences)
                Start(node);
            else if (_orders.Count > 0 && LayoutRules.Of(node) is { } rule)
                Pass(node, rule);
    }

    private void Start(Node transpose)
    {
        if (Permutation.Of(transpose) is { } order && !order.IsIdentity())
            _orders.Add(transpose.Output(), order);
    }

    private void Pass(Node node, LayoutRule rule)
    {
        var moving = rule.Moving(node).Select(i => node.Input(i)).ToList();
        if (moving.OfType<Value>().FirstOrDefault(_orders.ContainsKey) is not { } first)
            return;
        var order = _orders[first];
        if (!moving.All(input => input is not null && (IsIn(input, order) || CanTurn(input, node, order))) || !rule.Commutes(node, order, _opset))
            return;
        _passed.Add(new PassedNode(node, rule, order, [.. moving.OfType<Value>().Where(input => IsIn(input, order)).Distinct()]));
        foreach (var output in node.Outputs.OfType<Value>())
            _orders.Add(output, order);
    }

    private bool IsIn(Value value, ImmutableArray<long> order) => _orders.TryGetValue(value, out var its) && its.SequenceEqual(order);

    /// <summary>A Transpose that nothing else reads may as well make another order.</summary>
    private bool CanTurn(Value value, Node reader, ImmutableArray<long> order) =>
        value.Producer is { } transpose && transpose.Is("Transpose") && transpose.Graph == _graph
        && _orders.TryGetValue(value, out var its) && its.Length == order.Length && value.Uses.All(use => use.User == reader);

    private void CountReaders()
    {
        foreach (var value in _orders.Keys)
            _readers.Add(value, new TransposedReaders());
        foreach (var node in _passed)
            foreach (var input in node.Inputs)
                _readers[input].Inside++;
        foreach (var (value, readers) in _readers)
            readers.Count(value, _graph);
    }

    /// <summary>
    /// Last first: a node whose results are all needed as they were is left out, unless more Transposes before it would have to stay for it.
    /// </summary>
    private void CutBack()
    {
        for (var i = _passed.Count - 1; i >= 0; i--)
        {
            var node = _passed[i];
            var outputs = node.Node.Outputs.OfType<Value>().Select(output => _readers[output]).ToList();
            if (outputs.Any(readers => readers.Inside > 0 || readers.Absorbing.Count > 0))
                continue;
            if (node.Inputs.Count(input => _readers[input].IsFree) > outputs.Count(readers => readers.Outside > 0))
                continue;
            foreach (var input in node.Inputs)
                _readers[input].Leave();
            _passed[i] = node with { IsCut = true };
        }
    }

    private IEnumerable<TransposeRegion> Split()
    {
        var sets = new DisjointSets<Node>();
        foreach (var passed in _passed.Where(node => !node.IsCut))
        {
            sets.Add(passed.Node);
            foreach (var input in passed.Inputs)
                sets.Join(passed.Node, input.Producer!);
        }
        return _passed.Where(node => !node.IsCut).GroupBy(node => sets.Find(node.Node)).Select(group => new TransposeRegion([.. group], _readers));
    }
}

/// <summary>A node that a Transpose can pass.</summary>
/// <param name="Node">The node.</param>
/// <param name="Rule">How it commutes.</param>
/// <param name="Order">The order of the Transpose.</param>
/// <param name="Inputs">The transposed values that it reads, each once.</param>
internal sealed record PassedNode(Node Node, LayoutRule Rule, ImmutableArray<long> Order, IReadOnlyList<Value> Inputs)
{
    /// <summary>True when it stays on the far side all the same.</summary>
    public bool IsCut { get; init; }
}

/// <summary>Who reads a transposed value.</summary>
internal sealed class TransposedReaders
{
    /// <summary>Nodes that the Transpose passes.</summary>
    public int Inside { get; set; }

    /// <summary>Transposes, with which it merges.</summary>
    public List<Node> Absorbing { get; } = [];

    /// <summary>Others, for which a Transpose must stay.</summary>
    public int Outside { get; private set; }

    /// <summary>True when no Transpose has to stay behind it.</summary>
    public bool IsFree => Outside == 0;

    public void Count(Value value, Graph graph)
    {
        var readers = value.Uses.Select(use => use.User).Distinct().ToList();
        Absorbing.AddRange(readers.Where(reader => reader.Is("Transpose") && reader.Graph == graph && !reader.Attributes.HasReferences && Permutation.Of(reader) is not null));
        Outside = readers.Count - Inside - Absorbing.Count;
    }

    /// <summary>One of those inside turns out to be outside.</summary>
    public void Leave()
    {
        Inside--;
        Outside++;
    }
}
