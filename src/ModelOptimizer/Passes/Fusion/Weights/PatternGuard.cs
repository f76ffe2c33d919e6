using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Keeps together what makes up a larger operator: a factor moved into the next weights saves a node, but hides the operator from those who
/// would run it as one.
/// </summary>
internal static class PatternGuard
{
    /// <summary>Opset that brought HardSwish.</summary>
    private const long HardSwishOpset = 14;

    /// <summary>How many nodes a spelled-out activation has from its start to its gate, at most: the tanh form of Gelu.</summary>
    private const int Depth = 7;

    /// <param name="node">The factor or term.</param>
    /// <param name="data">What it is applied to.</param>
    /// <returns>Why the node has to stay; null when it may go.</returns>
    public static string? Refusal(Node node, Value data, long opset)
    {
        if (node.Is("BatchNormalization") || data.Producer is not { } producer)
            return null;
        var makers = producer.Is("Mul") ? producer.Inputs.Select(input => input?.Producer).ToList() : [];
        if (EndsNormalization(producer) || (node.Is("Add") && makers.Exists(EndsNormalization)))
            return "it belongs to a normalization";
        return makers.Exists(maker => IsGate(maker, opset, Depth)) ? "it belongs to an activation" : null;
    }

    /// <summary>x / √v, or x · (1 / √v).</summary>
    private static bool EndsNormalization(Node? node) =>
        node is not null && node.Is("Div", "Mul") && node.Inputs.Any(input => input?.Producer is { } divisor && IsRoot(divisor));

    private static bool IsRoot(Node node) =>
        node.Is("Sqrt") || (node.Is("Reciprocal", "Div") && node.Inputs.Any(input => input?.Producer?.Is("Sqrt") == true))
        || (node.Is("Pow") && node.Input(1)?.Constant is { ElementCount: 1 } exponent && exponent.ToDoubles() is [-0.5]);

    /// <summary>What multiplies x in Gelu (erf or tanh of it) and in HardSwish (a clipped sum).</summary>
    private static bool IsGate(Node? node, long opset, int depth)
    {
        if (node is null || depth == 0)
            return false;
        if (node.Is("Erf", "Tanh") || (opset >= HardSwishOpset && node.Is("Clip") && node.Input(0)?.Producer?.Is("Add") == true))
            return true;
        return node.Is("Add", "Mul", "Div") && ConstantOperand.Of(node) is { } operand && IsGate(operand.Data.Producer, opset, depth - 1);
    }
}
