using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Names every node of a copy differently, so that a kernel's name tells the node; what has no name is called after the value it makes.</summary>
internal static class DistinctNames
{
    public static OnnxModel In(OnnxModel model)
    {
        var copy = model.Clone();
        var taken = new HashSet<string>();
        var number = 0;
        foreach (var node in GraphWalker.Nodes(copy))
        {
            if (node.Name.Length == 0 || taken.Contains(node.Name))
                node.Name = node.Outputs.OfType<Value>().Select(output => output.Name).FirstOrDefault(name => name.Length > 0 && !taken.Contains(name))
                    ?? $"unnamed {number++}";
            taken.Add(node.Name);
        }
        return copy;
    }
}
