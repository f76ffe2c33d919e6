using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A constant that an operator reads as its weight. It is compressed once, however many nodes read it.</summary>
/// <param name="Value">The initializer, or the output of a Constant node.</param>
/// <param name="Content">What it holds.</param>
/// <param name="Uses">The slots that read it, in order of nodes.</param>
internal sealed record WeightCandidate(Value Value, Tensor Content, IReadOnlyList<Use> Uses)
{
    public string Name => Value.Name.Length > 0 ? Value.Name : $"{Uses[0].User.Name}_weight";

    /// <summary>The only node that reads it; null when it is shared.</summary>
    public Node? OnlyUser => Uses.Count == 1 ? Uses[0].User : null;

    /// <summary>True when an operator reads it as its weight.</summary>
    public bool IsWeight => Content.Dimensions.Length > 1 && (Uses.Any(WeightSlots.IsWeight) || TiedWeight.Of(this) is not null);

    /// <summary>Every weight of a model, bodies and functions included, in order of declaration; the model may change meanwhile.</summary>
    public static IEnumerable<WeightCandidate> Find(OnnxModel model) =>
        FindConstants(model).Where(constant => constant.IsWeight);

    /// <summary>Every floating-point constant that something reads, weight or not.</summary>
    public static IEnumerable<WeightCandidate> FindConstants(OnnxModel model)
    {
        var order = GraphWalker.Nodes(model).Select((node, index) => (node, index)).ToDictionary(pair => pair.node, pair => pair.index);
        var constants = GraphWalker.Graphs(model).SelectMany(Constants).ToList();
        return constants.Where(IsFloatingPoint).Select(Create);

        WeightCandidate Create(Value value) => new(value, value.Initializer ?? value.Constant!,
            [.. value.Uses.OrderBy(use => order.GetValueOrDefault(use.User, int.MaxValue)).ThenBy(use => use.Index)]);
    }

    private static IEnumerable<Value> Constants(Graph graph) => graph.Initializers.Concat(
        graph.Nodes.Where(node => node.Is("Constant")).Select(node => node.Output()).Where(value => value.Constant is not null));

    private static bool IsFloatingPoint(Value value) =>
        value.Uses.Count > 0 && (value.Initializer ?? value.Constant!).ElementType.IsFloatingPoint();
}
