using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Names every node of a copy differently, so that a kernel's name tells the node; what has no name is called after the value it makes.</summary>
internal static class DistinctNames
{
    public static OnnxModel In(OnnxModel model)
    {
        var copy = model.Clone();
        foreach (var (name, node) in Of(copy))
            node.Name = name;
        return copy;
    }

    /// <summary>The model's own nodes, by the names that they have in the copy.</summary>
    public static Dictionary<string, Node> Of(OnnxModel model)
    {
        var nodes = new Dictionary<string, Node>();
        var number = 0;
        foreach (var node in GraphWalker.Nodes(model))
            if (node.Name.Length == 0 || !nodes.TryAdd(node.Name, node))
                nodes.Add(node.Outputs.OfType<Value>().Select(output => output.Name).FirstOrDefault(IsFree) ?? $"unnamed {number++}", node);
        return nodes;

        bool IsFree(string name) => name.Length > 0 && !nodes.ContainsKey(name);
    }
}
