using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Gives what products read and make names of their own, by which they are found again when they were quantized.</summary>
internal static class ProductNames
{
    public static void Ensure(Graph graph)
    {
        var (seen, taken) = (new HashSet<Value>(), graph.MadeValues.Concat(graph.Inputs).CountBy(value => value.Name).ToDictionary());
        foreach (var node in graph.Nodes.Where(node => node.Is("Conv", "ConvTranspose", "Gemm", "MatMul")))
            foreach (var value in (Value[])[node.Input(0)!, node.Output()])
                if (seen.Add(value) && value.Graph == graph && (value.Name.Length == 0 || taken[value.Name] > 1))
                    value.Name = Fresh(node.OpType, taken);
    }

    private static string Fresh(string hint, Dictionary<string, int> taken)
    {
        var number = 0;
        while (!taken.TryAdd($"{hint}_{number}", 1))
            number++;
        return $"{hint}_{number}";
    }
}
