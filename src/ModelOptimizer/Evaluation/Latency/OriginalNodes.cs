using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>
/// Finds the original's node whose work a node of the result does: the one that makes the same value or has the same name, and for what a pass put
/// before it — a QuantizeLinear, the pair around a weight — the one that it serves. Where nodes have no names, weights tell.
/// </summary>
internal sealed class OriginalNodes(OnnxModel original)
{
    private readonly KernelOwners _original = new(original);
    private readonly Dictionary<string, Node> _byWeight = Readers(original);
    private readonly Dictionary<Node, Node?> _found = [];

    public Node? Of(Node node)
    {
        var path = new List<Node>();
        Node? found = null;
        for (var at = node; at is { IsReturn: false } && found is null; at = NextReader(at))
        {
            if (_found.TryGetValue(at, out found))
                break;
            path.Add(at);
            found = Same(at);
        }
        foreach (var passed in path)
            _found[passed] = found;
        return found;
    }

    private static Node? NextReader(Node node) => node.Outputs.OfType<Value>().SelectMany(output => output.Uses).FirstOrDefault()?.User;

    private Node? Same(Node node)
    {
        if (node.Outputs.OfType<Value>().Select(output => _original.MakerOf(output.Name)).FirstOrDefault(maker => maker is not null) is { } maker)
            return maker;
        return Derived(node.Name, _original.NodeNamed) ?? WeightsOf(node).Select(name => Derived(name, _byWeight.GetValueOrDefault)).FirstOrDefault(reader => reader is not null);
    }

    /// <summary>Passes name what they add after what they add it to: <c>/head/MatMul_cast</c>, <c>head.weight_quantized</c>.</summary>
    private static Node? Derived(string name, Func<string, Node?> find) =>
        name.Length == 0 ? null : find(name) ?? (name.LastIndexOf('_') is > 0 and var end ? find(name[..end]) : null);

    /// <summary>Those that one node alone reads.</summary>
    private static Dictionary<string, Node> Readers(OnnxModel model) => GraphWalker.Nodes(model)
        .SelectMany(node => WeightsOf(node).Distinct().Select(name => (Name: name, Node: node)))
        .GroupBy(pair => pair.Name).Where(readers => readers.Count() == 1)
        .ToDictionary(readers => readers.Key, readers => readers.Single().Node);

    private static IEnumerable<string> WeightsOf(Node node) =>
        node.Inputs.OfType<Value>().Where(value => value.Constant is not null && value.Name.Length > 0).Select(value => value.Name);
}
