using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Gives what products read and make, and what nodes with bodies make, names of their own in their graphs, by which they are found again when they
/// were quantized.
/// </summary>
internal static class ProductNames
{
    public static void Ensure(OnnxModel model)
    {
        var values = GraphWalker.Graphs(model).ToDictionary(graph => graph, graph => graph.MadeValues.Concat(graph.Inputs).Distinct().ToList());
        var uses = values.ToDictionary(pair => pair.Key, pair => pair.Value.CountBy(value => value.Name).ToDictionary());
        var (seen, taken) = (new HashSet<Value>(), values.Values.SelectMany(value => value).Select(value => value.Name).ToHashSet());
        foreach (var node in GraphWalker.Nodes(model).ToList())
            foreach (var value in Wanted(node))
                if (seen.Add(value) && (value.Name.Length == 0 || uses[value.Graph][value.Name] > 1))
                    value.Name = Fresh(node.OpType, taken);
    }

    /// <summary>The output by which a node is known.</summary>
    public static Value? Result(Node node) => node.Outputs.FirstOrDefault(output => output is not null);

    private static IEnumerable<Value> Wanted(Node node)
    {
        if (node.Bodies.Count > 0 && Result(node) is { } result)
            return [result];
        return node.Is("Conv", "ConvTranspose", "Gemm", "MatMul") ? [node.Input(0)!, node.Output()] : [];
    }

    private static string Fresh(string hint, HashSet<string> taken)
    {
        var number = 0;
        while (!taken.Add($"{hint}_{number}"))
            number++;
        return $"{hint}_{number}";
    }
}
