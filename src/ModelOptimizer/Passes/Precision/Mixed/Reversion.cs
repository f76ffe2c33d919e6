using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Mixed;

/// <summary>Keeps a pass from the nodes and weights of candidates that are to stay as they are.</summary>
/// <param name="reasons">By node or weight: why.</param>
internal sealed class Reversion(IReadOnlyDictionary<object, string> reasons) : ISelectionFilter
{
    public string? Refusal(Node node, Value? weight) =>
        weight is not null && reasons.GetValueOrDefault(weight) is { } why ? why : reasons.GetValueOrDefault(node);
}
