using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// What constant folding evaluated and found too large, so that the rounds of a group don't evaluate it over and over. A refusal holds for as long as the
/// node reads the same values, and as many others read them: that decides how many bytes a result frees.
/// </summary>
internal sealed class RefusedFolds
{
    private readonly Dictionary<Node, (string Why, (Value? Input, int Readers)[] State)> _refusals = [];

    public void Add(Node node, string why) => _refusals[node] = (why, StateOf(node));

    /// <summary>Why the node was refused when it was as it is now; null when it was not.</summary>
    public string? WhyNot(Node node) =>
        _refusals.TryGetValue(node, out var known) && known.State.AsSpan().SequenceEqual(StateOf(node)) ? known.Why : null;

    private static (Value?, int)[] StateOf(Node node) => [.. node.Inputs.Select(input => (input, input?.Uses.Count ?? 0))];
}
