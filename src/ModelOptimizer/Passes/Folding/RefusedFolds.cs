using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>
/// What constant folding evaluated and found too large, so that the rounds of a group don't evaluate it over and over. A refusal holds for as long as the
/// node reads the same values, as many others read them, which decides how many bytes a result frees, and no more bytes may be spent.
/// </summary>
internal sealed class RefusedFolds
{
    private readonly Dictionary<Node, (string Why, State State)> _refusals = [];

    public void Add(Node node, ByteSize maxGrowth, string why) => _refusals[node] = (why, State.Of(node, maxGrowth));

    /// <summary>Why the node was refused when it was as it is now; null when it was not.</summary>
    public string? WhyNot(Node node, ByteSize maxGrowth) =>
        _refusals.TryGetValue(node, out var known) && known.State.Equals(State.Of(node, maxGrowth)) ? known.Why : null;

    private readonly record struct State(ByteSize MaxGrowth, (Value? Input, int Readers)[] Inputs)
    {
        public static State Of(Node node, ByteSize maxGrowth) => new(maxGrowth, [.. node.Inputs.Select(input => (input, input?.Uses.Count ?? 0))]);

        public bool Equals(State other) => MaxGrowth == other.MaxGrowth && Inputs.AsSpan().SequenceEqual(other.Inputs);

        public override int GetHashCode() => Inputs.Length;
    }
}
