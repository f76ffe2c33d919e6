using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Has a say in what a pass may take, after the profile: by identity, since names may be empty or equal.</summary>
internal interface ISelectionFilter
{
    /// <summary>Why the pass must leave the node with that weight alone; null when it may take it.</summary>
    string? Refusal(Node node, Value? weight);
}
