using ModelOptimizer.Onnx;

namespace ModelOptimizer.Diagnosis;

/// <summary>Finds what stands for the original's values in a candidate of any tool: by name, by names that tools derive, by order.</summary>
internal sealed class ValueMatcher
{
    /// <summary>What ONNX Runtime's quantizer appends to names, in the order of computation.</summary>
    private static readonly IReadOnlyList<string> Suffixes = ["_QuantizeLinear_Input", "_quantized", "_QuantizeLinear_Output", "_DequantizeLinear_Output"];

    private readonly OnnxModel _original;
    private readonly GraphTwins _twins;
    private readonly Dictionary<Node, Node> _placed = [];
    private readonly HashSet<Value> _taken = [];

    public ValueMatcher(OnnxModel original, OnnxModel candidate)
    {
        _original = original;
        _twins = new GraphTwins(original.Graph, candidate.Graph);
        foreach (var (here, there) in _twins.Pairs)
            Place(here, there);
    }

    /// <summary>The original's values that there is something to compare with, in order of execution.</summary>
    public IReadOnlyList<ValueMatch> Match()
    {
        var (made, matches) = (Flow.Made(_original.Graph).ToList(), new Dictionary<Value, ValueMatch>());
        // Sure matches first, so that no guess takes what belongs to another.
        var settled = new HashSet<Value>();
        foreach (var find in new Func<Node, Value, ValueMatch?>[] { ByName, ByDerivedName, ByNode, ByPosition })
            foreach (var (node, value) in made)
                if (!settled.Contains(value) && find(node, value) is { } match && _taken.Add(match.Computed))
                {
                    settled.Add(value);
                    foreach (var part in Split(match with { Original = Folded(value, match.Computed) }))
                        matches.TryAdd(part.Original, part);
                }
        return [.. made.Where(pair => matches.ContainsKey(pair.Value)).Select(pair => matches[pair.Value])];
    }

    /// <summary>
    /// What a value of the candidate stands for, when constants behind the original's node went into the weights of the candidate's: the last value
    /// of those that the candidate does not have.
    /// </summary>
    private Value Folded(Value original, Value candidate)
    {
        while (SoleReader(original) is { } reader && reader.Is("BatchNormalization", "Mul", "Add", "Sub", "Div")
            && reader.Inputs.OfType<Value>().All(input => input == original || IsFixed(input))
            && IsGone(reader.Output()) && !candidate.Uses.Any(use => use.User.OpType == reader.OpType))
            original = reader.Output();
        return original;
    }

    /// <summary>Where rounding does the work of a Relu or Clip, what is rounded stands for what comes out of that.</summary>
    private IEnumerable<ValueMatch> Split(ValueMatch match)
    {
        if (match.Rounded is not { } rounded || SoleReader(match.Original) is not { } clamp || !clamp.Is("Relu", "Clip") || !IsGone(clamp.Output()))
            return [match];
        return [match with { Rounded = null, Quantizer = null }, new ValueMatch(clamp, clamp.Output(), rounded, MatchKind.DerivedName) { Quantizer = match.Quantizer }];
    }

    private bool IsGone(Value value) => !value.IsGraphOutput && Suffixes.Prepend("").All(suffix => _twins.ValueOf(value.Name + suffix, value.Graph) is null);

    /// <summary>Constant, or moved and reshaped from a constant.</summary>
    private static bool IsFixed(Value value)
    {
        while (value.Constant is null && value.Producer is { } producer && producer.Is("Reshape", "Unsqueeze", "Squeeze", "Transpose", "Identity", "Cast"))
            value = producer.Input(0)!;
        return value.Constant is not null;
    }

    private static Node? SoleReader(Value value) => value.Uses is [var only] && !only.User.IsReturn ? only.User : null;

    private ValueMatch? ByName(Node node, Value value) =>
        _twins.ValueOf(value.Name, value.Graph) is { } same ? Create(node, value, same, MatchKind.Name) : null;

    private ValueMatch? ByDerivedName(Node node, Value value)
    {
        if (value.Name.Length == 0)
            return null;
        foreach (var suffix in Suffixes)
            if (_twins.ValueOf(value.Name + suffix, value.Graph) is { } derived)
                return Create(node, value, derived, MatchKind.DerivedName);
        return null;
    }

    /// <summary>Nodes keep their names where values do not; another operator may do their work.</summary>
    private ValueMatch? ByNode(Node node, Value value)
    {
        if (node.Name.Length == 0 || value != node.Outputs[0])
            return null;
        var twin = _twins.NodeOf(node.Name, value.Graph) ?? _twins.NodeOf(node.Name + "_quant", value.Graph);
        return twin is not null && (twin.OpType == node.OpType || QuantizedForms.Family(twin) is { } family && family == QuantizedForms.Family(node))
            && QuantizedForms.Result(node, twin) is { } result ? Create(node, value, result, MatchKind.DerivedName) : null;
    }

    private ValueMatch? ByPosition(Node node, Value value) =>
        value == node.Outputs[0] && _placed.TryGetValue(node, out var twin) && QuantizedForms.Result(node, twin) is { } result
            ? Create(node, value, result, MatchKind.Position)
            : null;

    private static ValueMatch? Create(Node node, Value original, Value computed, MatchKind kind)
    {
        var codes = computed.Producer is { } producer ? QuantizedForms.OutputCodes(producer) : null;
        var rounded = QuantizedForms.Rounded(computed);
        return new ValueMatch(node, original, computed, kind)
        {
            Codes = codes,
            Rounded = rounded?.Rounded,
            Quantizer = codes is { } own ? Quantizer.Of(own.Scale, own.ZeroPoint) : rounded?.Quantizer,
        };
    }

    /// <summary>Pairs nodes of a kind by their order, where both graphs have as many of it.</summary>
    private void Place(Graph original, Graph candidate)
    {
        var there = candidate.Nodes.Where(node => QuantizedForms.Family(node) is not null).ToLookup(QuantizedForms.Family);
        foreach (var here in original.Nodes.Where(node => QuantizedForms.Family(node) is not null).GroupBy(QuantizedForms.Family))
            if (here.Count() == there[here.Key].Count())
                foreach (var (first, second) in here.Zip(there[here.Key]))
                    _placed.Add(first, second);
    }
}
