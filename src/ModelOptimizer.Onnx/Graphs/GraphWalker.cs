namespace ModelOptimizer.Onnx;

/// <summary>Walks all graphs of a model: bodies of If, Loop and Scan at any depth, and model-local functions.</summary>
public static class GraphWalker
{
    /// <summary>The main graph, its bodies, then each function's graph with its bodies; outer before inner.</summary>
    public static IEnumerable<Graph> Graphs(OnnxModel model) =>
        Graphs(model.Graph).Concat(model.Functions.SelectMany(function => Graphs(function.Body)));

    /// <summary>The graph and all bodies inside it, outer before inner.</summary>
    public static IEnumerable<Graph> Graphs(Graph graph)
    {
        yield return graph;
        foreach (var node in graph.Nodes)
            foreach (var body in node.Bodies)
                foreach (var inner in Graphs(body.Graph))
                    yield return inner;
    }

    /// <summary>Every node of every graph of the model.</summary>
    public static IEnumerable<Node> Nodes(OnnxModel model) => Graphs(model).SelectMany(graph => graph.Nodes);

    /// <summary>Every node of the graph and of the bodies inside it.</summary>
    public static IEnumerable<Node> Nodes(Graph graph) => Graphs(graph).SelectMany(inner => inner.Nodes);

    /// <summary>True when <paramref name="inner"/> is <paramref name="outer"/> or lies inside it.</summary>
    public static bool IsInside(Graph inner, Graph outer)
    {
        for (var graph = inner; graph is not null; graph = graph.Outer)
            if (graph == outer)
                return true;
        return false;
    }

    /// <summary>The values of enclosing graphs that the graph or a body inside it reads, each once, in order of first use.</summary>
    public static IReadOnlyList<Value> Captures(Graph graph)
    {
        var seen = new HashSet<Value>();
        return [.. Graphs(graph).SelectMany(ReadsOf).Where(value => !IsInside(value.Graph, graph) && seen.Add(value))];
    }

    /// <summary>The values that a node reads, as inputs or from within its bodies; some may come more than once.</summary>
    public static IEnumerable<Value> Reads(Node node) => node.Inputs.OfType<Value>().Concat(node.Bodies.SelectMany(body => Captures(body.Graph)));

    private static IEnumerable<Value> ReadsOf(Graph graph) =>
        graph.Nodes.Append(graph.Return).SelectMany(node => node.Inputs).OfType<Value>();
}
