using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Passes;

/// <summary>Finds the nodes that compute with integers from now on, and refuses the rest with the reason.</summary>
internal sealed class StaticCandidates(PassContext context, QuantizeStaticOptions options, PrecisionChoice precision)
{
    /// <summary>What else decides comes last: trials that leave some out must not make others slower than float.</summary>
    private readonly NodeSelector _selector = new(options with { Filter = null });

    private readonly ScorePaths _scores = new(context.Model);
    private readonly OperatorsLine _operators = new(context.Model, options.Operators, ["Conv", .. QuantizeDynamic.DefaultOperators]);

    private readonly Dictionary<Node, Tensor?> _slower = [];

    /// <summary>What stays float because it is faster so, with its weight.</summary>
    public IReadOnlyDictionary<Node, Tensor?> Slower => _slower;

    /// <summary>In order of graphs and nodes. Every weight is read by chosen nodes only.</summary>
    public IReadOnlyList<StaticNode> Find()
    {
        var chosen = GraphWalker.Nodes(context.Model).Select(Choose).OfType<StaticNode>().ToDictionary(candidate => candidate.Node);
        LeaveShared(chosen);
        if (options.Prefer == Preference.Speed)
            LeaveOut([.. SlowerThanFloat.Find(context.Model, chosen).Select(pair => (chosen[pair.Key], Tell(chosen[pair.Key], pair.Value)))], chosen);
        LeaveOut([.. chosen.Values.Select(node => (node, options.Filter?.Refusal(node.Node, Weight(node.Node, node.Operator))))], chosen);
        return [.. chosen.Values];
    }

    /// <summary>Refuses those whose weight is also read by others than the candidates, so that its floats would stay as well.</summary>
    public IReadOnlyList<StaticNode> WithoutShared(IEnumerable<StaticNode> candidates)
    {
        var chosen = candidates.ToDictionary(candidate => candidate.Node);
        LeaveShared(chosen);
        return [.. chosen.Values];
    }

    private string? Tell(StaticNode node, string why)
    {
        _slower[node.Node] = Weight(node.Node, node.Operator)?.Constant;
        return why;
    }

    private void LeaveOut(IReadOnlyList<(StaticNode Node, string? Why)> refused, Dictionary<Node, StaticNode> chosen)
    {
        foreach (var (node, why) in refused.Where(refusal => refusal.Why is not null))
        {
            context.Refuse(node.Node, why!);
            chosen.Remove(node.Node);
        }
        LeaveShared(chosen);
    }

    private void LeaveShared(Dictionary<Node, StaticNode> chosen)
    {
        // One that is left out is a foreign reader for those that share its weight.
        while (chosen.Values.Where(candidate => RefuseShared(candidate, chosen)).ToList() is { Count: > 0 } refused)
            refused.ForEach(candidate => chosen.Remove(candidate.Node));
    }

    private bool RefuseShared(StaticNode candidate, Dictionary<Node, StaticNode> chosen)
    {
        if (ForeignReader(candidate, chosen) is not { } reader)
            return false;
        context.Refuse(candidate.Node, $"its weight is also read by {reader}, which stays float");
        return true;
    }

    private StaticNode? Choose(Node node)
    {
        if (QuantizableOperators.Find(node) is not { } row || IsSettled(node, row))
            return null;
        if (row.Kind is not (QuantizedKind.Product or QuantizedKind.Arithmetic))
        {
            if (row.Kind == QuantizedKind.Movement && QuantizableOperators.WhyNotMoved(node) is { } numbers && node.Input(0)?.Type?.ElementType == DataType.Float)
                context.Refuse(node, numbers);
            return null;
        }
        var weight = Weight(node, row);
        if ((Request(node, row) ?? _selector.Refusal(node, weight) ?? Misfit(node, row)) is not { } why)
            return new StaticNode(node, row, precision.For(node, weight));
        context.Refuse(node, why);
        return null;
    }

    private static Value? Weight(Node node, QuantizableOperator row) => row.Kind == QuantizedKind.Product ? node.Input(1) : null;

    /// <summary>Computed from constants alone, or between integers already.</summary>
    private static bool IsSettled(Node node, QuantizableOperator row)
    {
        var operands = StaticNode.Operands(node, row).Select(index => node.Input(index)!).ToList();
        return operands.TrueForAll(operand => operand.Constant is not null)
            || (operands.TrueForAll(DequantizedValue.Is) && (row.Kind != QuantizedKind.Arithmetic || node.Output().Uses.All(use => use.User.OpType == "QuantizeLinear")));
    }

    private string? Request(Node node, QuantizableOperator row) => row.OnRequest is { } why && !options.Operators.Contains(node.OpType)
        ? $"{why}; {_operators.With(node.OpType)} quantizes it all the same"
        : null;

    private string? Misfit(Node node, QuantizableOperator row)
    {
        if (node.Attributes.HasReferences)
            return "an attribute comes from the function's caller";
        foreach (var index in StaticNode.Operands(node, row))
            if (Misfit(node.Input(index)!) is { } why)
                return why;
        if (row is { Kind: QuantizedKind.Product } && node.OpType.StartsWith("Conv", StringComparison.Ordinal) && node.Input(1)!.Constant is null)
            return "its kernel is computed while the model runs";
        if (row.Bias is { } bias && node.Input(bias) is { } value && MisfitOfBias(node, value) is { } misfit)
            return misfit;
        if (row.NeedsOutput && !options.Operators.Contains(node.OpType) && Spectra.ReaderOf(node.Output()) is { } reader)
            return $"{reader} takes the power or logarithm of its result, of which small numbers count as much as large ones; {_operators.With(node.OpType)} "
                + "quantizes it all the same";
        return row.Kind == QuantizedKind.Arithmetic && _scores.Has(node) ? "its result enters a Softmax: attention scores and masks stay float" : null;
    }

    private static string? MisfitOfBias(Node node, Value bias)
    {
        if (bias.Constant is not { } constant)
            return "its bias is computed while the model runs";
        if (!IsFinite(constant))
            return NotFinite(bias);
        return GemmParts.IsColumn(constant) && GemmParts.Columns(node) is null ? "its bias is a column, and how many columns the product has is not known" : null;
    }

    private static string? Misfit(Value operand)
    {
        if (operand.IsOverridable)
            return $"{operand} is also a graph input, so that callers may feed another value";
        if (operand.Type?.ElementType is not DataType.Float)
            return $"{operand} is {operand.Type?.ElementType.ToOnnxName() ?? "of an unknown type"}; only float is quantized";
        if (operand.Constant is { } constant)
            return constant.ElementCount == 0 ? $"{operand} has no elements" : IsFinite(constant) ? null : NotFinite(operand);
        if (DequantizedValue.IsConstant(operand))
            return $"{operand} is quantized already";
        if (operand.Producer is { OpType: "Transpose" } transpose && transpose.Input(0)?.Constant is not null)
            return $"{operand} is a table read transposed, which is quantized together with those who look its rows up";
        return operand.Producer is { } producer && IsFromConstants(producer)
            ? $"{operand} is computed from constants by {producer}; 'simplify' before this pass lets it be folded" : null;
    }

    private static bool IsFromConstants(Node node) => node.Inputs.Count > 0 && node.Bodies.Count == 0
        && node.Inputs.All(input => input is null || input.Constant is not null);

    private static string NotFinite(Value constant) => $"{constant} holds infinite or undefined values";

    private static bool IsFinite(Tensor constant) =>
        float.IsFinite(TensorPrimitives.Min(constant.AsSpan<float>())) && float.IsFinite(TensorPrimitives.Max(constant.AsSpan<float>()));

    /// <summary>Who else reads the weight and would keep its floats in the file.</summary>
    private static string? ForeignReader(StaticNode candidate, Dictionary<Node, StaticNode> chosen) =>
        candidate.Constants.Where(candidate.IsWeight)
            .SelectMany(index => candidate.Node.Input(index)!.Uses)
            .Where(use => !chosen.TryGetValue(use.User, out var reader) || !reader.IsWeight(use.Index))
            .Select(WeightSlots.Reader).FirstOrDefault();
}
