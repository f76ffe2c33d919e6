namespace ModelOptimizer.Onnx;

/// <summary>Sees to it that every node stands behind those it reads from; files in the wild don't always keep the rule.</summary>
internal static class TopologicalOrder
{
    /// <summary>Leaves a sorted graph alone and sorts any other stably.</summary>
    /// <exception cref="InvalidModelException">The graph has a cycle.</exception>
    public static void Establish(Graph graph, string? path)
    {
        if (IsSorted(graph))
            return;
        var asRead = graph.Nodes.ToArray();
        var sorted = Sort(graph, path);
        foreach (var node in sorted)
            graph.Nodes.Unlink(node);
        foreach (var node in sorted)
            graph.Nodes.Link(node, before: null);
        graph.Nodes.AsRead = asRead;
    }

    /// <summary>The nodes of the same graph that the node needs before it, by its own inputs or those of its bodies.</summary>
    internal static IEnumerable<Node> Predecessors(Node node) => GraphWalker.Reads(node)
        .Where(value => value.Producer is not null && value.Graph == node.Graph)
        .Select(value => value.Producer!);

    private static bool IsSorted(Graph graph)
    {
        var seen = new HashSet<Node>();
        foreach (var node in graph.Nodes)
        {
            if (!Predecessors(node).All(seen.Contains))
                return false;
            seen.Add(node);
        }
        return true;
    }

    private static List<Node> Sort(Graph graph, string? path)
    {
        // Kahn's algorithm over a queue ordered by original position keeps the given order wherever it may.
        var position = graph.Nodes.Select((node, index) => (node, index)).ToDictionary(pair => pair.node, pair => pair.index);
        var waiting = graph.Nodes.ToDictionary(node => node, node => Predecessors(node).Distinct().Count());
        var followers = graph.Nodes.SelectMany(node => Predecessors(node).Distinct().Select(p => (p, node))).ToLookup(e => e.p, e => e.node);
        var ready = new PriorityQueue<Node, int>(waiting.Where(w => w.Value == 0).Select(w => (w.Key, position[w.Key])));
        var sorted = new List<Node>(graph.Nodes.Count);
        while (ready.TryDequeue(out var node, out _))
        {
            sorted.Add(node);
            foreach (var follower in followers[node])
                if (--waiting[follower] == 0)
                    ready.Enqueue(follower, position[follower]);
        }
        if (sorted.Count == graph.Nodes.Count)
            return sorted;
        var stuck = graph.Nodes.First(node => waiting[node] > 0);
        throw new InvalidModelException(ModelProblem.Cyclic,
            $"The graph has a cycle: {stuck} depends on its own output. Express the loop as a Loop or Scan node", path);
    }
}
