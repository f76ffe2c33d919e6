using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Finds values of the original again in what became of it: by their names, and by the way to the graph in which they lie, since branches of an If
/// may use the same names.
/// </summary>
internal sealed class ValuePairs
{
    private readonly Dictionary<Graph, string> _ways = [];
    private readonly Dictionary<(string Way, string Name), Value?> _now = [];

    public ValuePairs(OnnxModel original, OnnxModel model)
    {
        Original = original;
        FindWays(original);
        FindWays(model);
        foreach (var value in GraphWalker.Graphs(model).SelectMany(graph => graph.MadeValues.Concat(graph.Inputs).Distinct()))
            if (!_now.TryAdd(Key(value), value))
                _now[Key(value)] = null;
    }

    /// <summary>The model before it was quantized.</summary>
    public OnnxModel Original { get; }

    /// <summary>What stands for a value of the original now; null when nothing does, or nothing that is certain.</summary>
    public Value? Now(Value original) => _now.GetValueOrDefault(Key(original));

    private (string Way, string Name) Key(Value value) => (_ways[value.Graph], value.Name);

    private void FindWays(OnnxModel model)
    {
        FindWays(model.Graph, "");
        foreach (var function in model.Functions)
            FindWays(function.Body, $"{function.Domain}:{function.Name}:{function.Overload}");
    }

    /// <summary>A node is known by what it makes, as products are.</summary>
    private void FindWays(Graph graph, string way)
    {
        _ways[graph] = way;
        foreach (var node in graph.Nodes)
            foreach (var body in node.Bodies)
                FindWays(body.Graph, $"{way}/{ProductNames.Result(node)?.Name}.{body.Attribute}{body.Index}");
    }
}
