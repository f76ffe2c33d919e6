using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>
/// Finds the node that a kernel of the runtime stands for. The runtime names kernels after a node or a value that the node makes, and adds what
/// it did: <c>fused /conv1</c>, <c>conv1.out_nchwc</c>, <c>/ln/Mul/LayerNormFusion/</c>.
/// </summary>
internal sealed class KernelOwners
{
    private const string Fused = "fused ";
    private const int MostAdditions = 2;

    private readonly Dictionary<string, Node> _byNode = [];
    private readonly Dictionary<string, Node> _byValue = [];

    public KernelOwners(OnnxModel model)
    {
        foreach (var node in GraphWalker.Nodes(model).Where(node => node.OpType != "Constant"))
        {
            if (node.Name.Length > 0)
                _byNode.TryAdd(node.Name, node);
            foreach (var output in node.Outputs.OfType<Value>().Where(output => output.Name.Length > 0))
                _byValue.TryAdd(output.Name, node);
        }
    }

    /// <summary>The node of that name, or the one that makes a value of that name.</summary>
    public Node? Named(string name) => _byNode.GetValueOrDefault(name) ?? _byValue.GetValueOrDefault(name);

    public Node? MakerOf(string value) => _byValue.GetValueOrDefault(value);

    public Node? NodeNamed(string name) => _byNode.GetValueOrDefault(name);

    /// <summary>The node that the kernel stands for, or the one it was fused into; null for what the runtime added itself.</summary>
    public Node? Of(string kernel)
    {
        var name = kernel.StartsWith(Fused, StringComparison.Ordinal) ? kernel[Fused.Length..] : kernel;
        name = name.TrimEnd('/');
        for (var additions = 0; additions <= MostAdditions; additions++)
        {
            if (Named(name) is { } node)
                return node;
            if (name.LastIndexOfAny(['/', '_']) is not (> 0 and var end))
                return null;
            name = name[..end];
        }
        return null;
    }
}
