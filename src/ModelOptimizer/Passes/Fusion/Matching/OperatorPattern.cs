using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Matching;

/// <summary>
/// The first output of an operator of the standard domain over inputs that match in turn. The node stands in the root's graph: what a body
/// reads from outside is computed once there, and may be fused there only.
/// </summary>
internal sealed class OperatorPattern(string opType, Pattern[] inputs) : Pattern
{
    /// <summary>Whether the two inputs may change places.</summary>
    public bool IsCommutative { get; init; }

    /// <summary>Whether the node may have more inputs than given, for <see cref="Accepts"/> to judge.</summary>
    public bool AllowsMoreInputs { get; init; }

    /// <summary>What else must be true of the node, its attributes for example.</summary>
    public Func<Node, bool>? Accepts { get; init; }

    public override IEnumerable<Match> Match(Value? value, Match match)
    {
        if (value?.Producer is not { } node || !Fits(node, value, match))
            return [];
        match = match.With(node);
        var straight = MatchInputs(match, node.Inputs);
        // Two equal operands need no second look.
        return IsCommutative && node.Input(0) != node.Input(1) ? straight.Concat(MatchInputs(match, node.Inputs.Reverse())) : straight;
    }

    private bool Fits(Node node, Value value, Match match) =>
        node.Is(opType)
        && node.Graph == match.Root.Graph
        && (node.Inputs.Count == inputs.Length || (AllowsMoreInputs && node.Inputs.Count > inputs.Length))
        && node.Outputs[0] == value
        && !node.Attributes.HasReferences
        && Accepts?.Invoke(node) != false;

    private IEnumerable<Match> MatchInputs(Match match, IEnumerable<Value?> values) =>
        inputs.Zip(values).Aggregate<(Pattern Pattern, Value? Value), IEnumerable<Match>>([match],
            (matches, input) => matches.SelectMany(sofar => input.Pattern.Match(input.Value, sofar)));
}
