using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// A value that only weights read, and the constants that give its channels their scale: positive factors can move from one side to the other,
/// and no result changes.
/// <code>
/// W·x  =  (W·diag(1/s))·(diag(s)·x)
/// </code>
/// </summary>
internal sealed record ScaledReaders(Value Data, ScaleSource Source, IReadOnlyList<WeightedNode> Readers)
{
    public int Channels => Readers[0].Layout.Inputs;

    /// <summary>The same with the weights that its nodes read by now.</summary>
    public ScaledReaders Anew() => this with
    {
        Source = Source with { Linear = Source.Linear is { } linear ? WeightedNode.Of(linear.Node).Node : null },
        Readers = [.. Readers.Select(reader => WeightedNode.Of(reader.Node).Node!)],
    };

    /// <summary>
    /// Why the profile, or a trial under a goal, keeps a pass from scaling them; null when neither does. What gives the scale counts only where it is
    /// excluded: scaled, it would be another weight, which nobody knows to be kept.
    /// </summary>
    public string? Refusal(NodeSelector selector)
    {
        foreach (var reader in Readers)
            if (selector.Refusal(reader.Node, reader.Weight) is { } why)
                return reader == Readers[0] ? why : $"{reader.Node} shares its factors: {why}";
        var constants = Source.Operands.Select(operand => (operand.Node, operand.Value)).ToList();
        if (Source.Linear is { } linear)
            constants.Add((linear.Node, linear.Weight));
        foreach (var (node, constant) in constants)
            if ((selector.Exclusion(node, constant) ?? Reversion(selector, node, constant)) is { } why)
                return $"{node} would be scaled with it: {why}";
        return null;
    }

    private static string? Reversion(NodeSelector selector, Node node, Value weight) =>
        ScaleFolding.Products.Contains(node.OpType) ? selector.Reversion(node, weight) : null;

    /// <summary>Looks at the node as a reader of what it reads first; the first reader of a value speaks for all.</summary>
    /// <param name="operators">Operators that readers may be.</param>
    public static (ScaledReaders? Found, string? Refusal) Of(Node node, IReadOnlySet<string> operators)
    {
        if (node.Input(0) is not { } data || data.Producer is null || FirstReader(data, operators) != node || AsReader(node) is not { } reader)
            return default;
        if (data.Type?.Shape?.Rank is not { } rank || rank != reader.InputRank)
            return default;
        var attempt = new ScaleSearch(reader.Layout.Inputs, reader.InputAxis, rank).Find(data);
        if (attempt.Source is not { } source)
            return (null, attempt.Refusal);
        var readers = data.Uses.Select(use => use.User).Distinct().Select(user => user.Graph == node.Graph ? AsReader(user) : null).ToList();
        var others = data.Uses.Where(use => use.Index != 0 || use.User.Graph != node.Graph || !operators.Contains(use.User.OpType)
            || AsReader(use.User)?.Layout.Inputs != reader.Layout.Inputs).Select(WeightSlots.Reader).ToList();
        return others.Count > 0
            ? (null, $"{others[0]} reads '{data}' too, and would see other numbers")
            : Checked(new(data, source, [.. readers.OfType<WeightedNode>().OrderBy(each => each.Node == node ? 0 : 1)]));
    }

    private static (ScaledReaders?, string?) Checked(ScaledReaders found)
    {
        if (found.Readers.FirstOrDefault(reader => reader.InputAxis != found.Readers[0].InputAxis) is { } across)
            return (null, $"{across.Node} reads '{found.Data}' along another axis");
        if (found.Readers.FirstOrDefault(reader => reader.Content.ElementType != DataType.Float) is { } other)
            return (null, $"the weights of {other.Node} are {other.Content.ElementType.ToOnnxName()}; only float weights are scaled");
        var weights = found.Source.Linear is { } linear ? found.Readers.Append(linear) : found.Readers;
        var others = weights.SelectMany(weight => weight.Weight.Uses).Where(use => use.Index != 1 || WeightedNode.Of(use.User).Node is null);
        return others.FirstOrDefault() is { } use
            ? (null, $"{WeightSlots.Reader(use)} reads the weight too, so that a second copy would be stored")
            : (found, null);
    }

    /// <summary>Why a node got neither scales nor a reason against them.</summary>
    /// <param name="operators">Operators that readers may be.</param>
    public static string WhyNeither(Node node, IReadOnlySet<string> operators)
    {
        var data = node.Input(0)!;
        if (!operators.Contains(node.OpType))
            return $"inputs are scaled of {string.Join(" and ", operators.Order())} only, not of {node.OpType}";
        if (FirstReader(data, operators) is { } first && AsReader(first) is null)
            return $"{first} reads '{data}' too, whose weight is not constant";
        return data.Producer is not null && data.Type?.Shape is null
            ? $"it is not known how many axes '{data}' has"
            : "nothing before it could take the factors";
    }

    private static Node? FirstReader(Value data, IReadOnlySet<string> operators) =>
        data.Uses.Where(use => use.Index == 0 && use.User.Graph == data.Graph && operators.Contains(use.User.OpType)).Select(use => use.User)
            .FirstOrDefault();

    private static WeightedNode? AsReader(Node node) =>
        node.Is("Conv", "ConvTranspose", "Gemm", "MatMul") && !node.Attributes.HasReferences ? WeightedNode.Of(node).Node : null;
}
