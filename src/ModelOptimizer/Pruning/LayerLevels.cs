using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>Layers, or what else changes values, by how many others they depend on: those of one level don't read each other's results, directly or not.</summary>
internal sealed class LayerLevels<T> where T : class
{
    private readonly Dictionary<Value, int> _heights = [];
    private readonly List<List<T>> _levels = [];

    /// <param name="graph">The main graph.</param>
    /// <param name="find">The layer that a node is; null for none.</param>
    public LayerLevels(Graph graph, Func<Node, T?> find)
    {
        foreach (var node in graph.Nodes)
        {
            var height = GraphWalker.Reads(node).Select(HeightOf).DefaultIfEmpty(0).Max();
            var layer = find(node);
            if (layer is not null && height == _levels.Count)
                _levels.Add([]);
            if (layer is not null)
                _levels[height].Add(layer);
            foreach (var output in node.Outputs.OfType<Value>())
                _heights[output] = height + (layer is null ? 0 : 1);
        }
    }

    /// <summary>Those of a level depend on layers of each level before, and on no others.</summary>
    public IReadOnlyList<IReadOnlyList<T>> Levels => _levels;

    /// <summary>How many levels a value of the graph depends on: what layers from there on become does not change it.</summary>
    public int HeightOf(Value value) => _heights.GetValueOrDefault(value);
}
