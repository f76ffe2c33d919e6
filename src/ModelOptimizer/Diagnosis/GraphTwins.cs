using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>
/// Which graph of a candidate stands for which of the original, bodies within bodies, and what bears a name there. Names that only one graph has
/// are found anywhere: passes move nodes into and out of bodies.
/// </summary>
internal sealed class GraphTwins
{
    private readonly Dictionary<Graph, Graph> _twins = [];
    private readonly Dictionary<Graph, Dictionary<string, Value>> _values = [];
    private readonly Dictionary<Graph, Dictionary<string, Node>> _nodes = [];
    private readonly ILookup<string, Value> _valuesAnywhere;
    private readonly ILookup<string, Node> _nodesAnywhere;

    public GraphTwins(Graph original, Graph candidate)
    {
        var graphs = GraphWalker.Graphs(candidate).ToList();
        foreach (var graph in graphs)
        {
            _values[graph] = ByName(graph.Nodes.SelectMany(node => node.Outputs).OfType<Value>(), value => value.Name);
            _nodes[graph] = ByName(graph.Nodes, node => node.Name);
        }
        _valuesAnywhere = graphs.SelectMany(graph => _values[graph]).ToLookup(named => named.Key, named => named.Value);
        _nodesAnywhere = graphs.SelectMany(graph => _nodes[graph]).ToLookup(named => named.Key, named => named.Value);
        Pair(original, candidate);
    }

    /// <summary>Each graph of the original that has one, with its twin.</summary>
    public IEnumerable<KeyValuePair<Graph, Graph>> Pairs => _twins;

    /// <summary>The candidate's value of a name, as seen from a graph of the original.</summary>
    public Value? ValueOf(string name, Graph original) => Find(name, original, _values, _valuesAnywhere);

    /// <summary>The candidate's node of a name, as seen from a graph of the original.</summary>
    public Node? NodeOf(string name, Graph original) => Find(name, original, _nodes, _nodesAnywhere);

    private T? Find<T>(string name, Graph original, Dictionary<Graph, Dictionary<string, T>> named, ILookup<string, T> anywhere) where T : class
    {
        if (_twins.TryGetValue(original, out var twin) && named[twin].TryGetValue(name, out var here))
            return here;
        return name.Length > 0 && anywhere[name].Take(2).ToList() is [var only] ? only : null;
    }

    private void Pair(Graph original, Graph candidate)
    {
        _twins.Add(original, candidate);
        foreach (var kind in original.Nodes.Where(node => node.Bodies.Count > 0).GroupBy(node => (node.OpType, node.Domain)))
        {
            var there = candidate.Nodes.Where(node => node.Bodies.Count > 0 && (node.OpType, node.Domain) == kind.Key).ToList();
            var taken = new HashSet<Node>();
            foreach (var (i, owner) in kind.Index())
                if ((Namesake(owner, candidate) ?? (there.Count == kind.Count() ? there[i] : null)) is { } twin && taken.Add(twin))
                    foreach (var (body, other) in owner.Bodies.Join(twin.Bodies, body => (body.Attribute, body.Index), body => (body.Attribute, body.Index),
                        (body, other) => (body.Graph, other.Graph)))
                        Pair(body, other);
        }
    }

    /// <summary>The owner of bodies that is called the same, or makes a value that is.</summary>
    private Node? Namesake(Node owner, Graph candidate)
    {
        var byName = _nodes[candidate].GetValueOrDefault(owner.Name);
        var byValue = owner.Outputs.OfType<Value>().Select(value => _values[candidate].GetValueOrDefault(value.Name)?.Producer);
        return byValue.Prepend(byName).FirstOrDefault(node => node is not null && node.OpType == owner.OpType && node.Bodies.Count == owner.Bodies.Count);
    }

    private static Dictionary<string, T> ByName<T>(IEnumerable<T> items, Func<T, string> name) where T : class =>
        items.Where(item => name(item).Length > 0).GroupBy(name).ToDictionary(group => group.Key, group => group.First());
}
