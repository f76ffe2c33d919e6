using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>Layers, or what else changes values, by how many others they depend on: those of one level don't read each other's results, directly or not.</summary>
internal static class LayerLevels
{
    /// <param name="graph">The main graph.</param>
    /// <param name="find">The layer that a node is; null for none.</param>
    public static List<List<T>> Of<T>(Graph graph, Func<Node, T?> find) where T : class
    {
        var (heights, levels) = (new Dictionary<Value, int>(), new SortedDictionary<int, List<T>>());
        foreach (var node in graph.Nodes)
        {
            var reads = node.Inputs.OfType<Value>().Concat(node.Bodies.SelectMany(body => GraphWalker.Captures(body.Graph)));
            var height = reads.Select(value => heights.GetValueOrDefault(value)).DefaultIfEmpty(0).Max();
            var layer = find(node);
            if (layer is not null && levels.TryGetValue(height, out var level))
                level.Add(layer);
            else if (layer is not null)
                levels[height] = [layer];
            foreach (var output in node.Outputs.OfType<Value>())
                heights[output] = height + (layer is null ? 0 : 1);
        }
        return [.. levels.Values];
    }
}
