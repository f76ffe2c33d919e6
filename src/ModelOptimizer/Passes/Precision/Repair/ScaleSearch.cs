using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Goes up from a value to the constants that give its channels their scale.</summary>
/// <param name="channels">How many channels there are.</param>
/// <param name="axis">Where they stand, counted from the last axis, which is 0.</param>
/// <param name="rank">Of the value.</param>
internal sealed class ScaleSearch(int channels, int axis, int rank)
{
    /// <summary>Activations after which nobody would be surprised to find weights, but which see the scale of what they read.</summary>
    private static readonly HashSet<string> Inhomogeneous =
    [
        "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Swish", "Mish", "Gelu", "FastGelu", "QuickGelu", "Elu", "Selu", "Celu", "Tanh", "Softplus",
        "Softsign", "ThresholdedRelu", "BiasGelu",
    ];

    public ScaleAttempt Find(Value value) => Find(value, []);

    private ScaleAttempt Find(Value value, IReadOnlyList<ChannelOperand> passed)
    {
        if (value.Producer is not { } node || node.Graph != value.Graph)
            return ScaleAttempt.None;
        if (Inhomogeneous.Contains(node.OpType))
            return Refusal(node);
        if (node.Domain.Length > 0 && node is not { Domain: "com.microsoft", OpType: "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" })
            return ScaleAttempt.None;
        if (node.Attributes.HasReferences)
            return ScaleAttempt.Refused($"an attribute of {node} comes from the function's caller");
        return node.OpType switch
        {
            "Conv" or "ConvTranspose" or "Gemm" or "MatMul" => OfWeights(node, passed),
            "LayerNormalization" or "RMSNormalization" or "SimplifiedLayerNormalization" => OfNormalization(node, passed, [1, 2]),
            // The sum that is another output is taken before.
            "SkipLayerNormalization" when value == node.Output() => OfNormalization(node, passed, [2, 3]),
            "SkipSimplifiedLayerNormalization" when value == node.Output() => OfNormalization(node, passed, [2]),
            "Relu" or "LeakyRelu" or "Identity" => Through(node.Input(0), passed),
            "PRelu" => HasChannels(node.Input(0)) ? Through(node.Input(0), passed) : ScaleAttempt.None,
            "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool" =>
                axis == rank - 2 ? Through(node.Input(0), passed) : ScaleAttempt.None,
            "Add" or "Sub" => OfSum(node, passed),
            "Mul" => ConstantOperand.Of(node) is { } gain ? OfGain(gain, passed) : OfProduct(node, passed),
            "Div" => node.Input(1)?.Constant is not null && HasChannels(node.Input(0)) ? Through(node.Input(0), passed) : ScaleAttempt.None,
            _ => ScaleAttempt.None,
        };
    }

    /// <summary>Only worth telling where weights stand before it.</summary>
    private static ScaleAttempt Refusal(Node node)
    {
        var before = node.Input(0)?.Producer;
        if (before is not null && before.Is("Add", "Sub"))
            before = before.Inputs.Select(input => input?.Producer).FirstOrDefault(producer => producer is not null);
        return before is not null && before.Is("Conv", "ConvTranspose", "Gemm", "MatMul")
            ? ScaleAttempt.Refused($"{node.OpType} before it depends on the scale of what it reads, so that no factor moves through it")
            : ScaleAttempt.None;
    }

    private ScaleAttempt Through(Value? value, IReadOnlyList<ChannelOperand> passed)
    {
        if (value is null)
            return ScaleAttempt.None;
        var found = Find(value, passed);
        return found.Source is not null && value.Uses.Count > 1 ? ScaleAttempt.Refused($"'{value}' before it has other readers") : found;
    }

    private ScaleAttempt OfWeights(Node node, IReadOnlyList<ChannelOperand> passed)
    {
        if (WeightedNode.Of(node) is var (linear, why) && linear is null)
            return ScaleAttempt.Refused(why);
        if (linear.Layout.Outputs != channels || linear.OutputAxis != axis || linear.OutputRank != rank)
            return ScaleAttempt.None;
        if (linear.Content.ElementType != DataType.Float)
            return ScaleAttempt.Refused($"the weights of {node} are {linear.Content.ElementType.ToOnnxName()}; only float weights are scaled");
        return linear.Bias() is null
            ? ScaleAttempt.Refused($"the bias of {node} is not constant, or differs within a channel")
            : new(new(linear, passed), null);
    }

    /// <param name="parameters">The inputs that are the gain and what is added behind it.</param>
    private ScaleAttempt OfNormalization(Node node, IReadOnlyList<ChannelOperand> passed, int[] parameters)
    {
        var isLast = node.Attributes.GetInt("axis", -1) is var at && (at == -1 || at == rank - 1);
        if (axis != 0 || !isLast || node.Input(parameters[0]) is null)
            return ScaleAttempt.None;
        var operands = new List<ChannelOperand>(passed);
        foreach (var index in parameters)
            if (node.Input(index) is { } parameter)
            {
                if (OfChannels(node, index) is not { } operand)
                    return ScaleAttempt.Refused($"'{parameter}' of {node} is not constant, or has not one number for each channel");
                operands.Add(operand);
            }
        return new(new(null, operands), null);
    }

    private ScaleAttempt OfGain(ConstantOperand gain, IReadOnlyList<ChannelOperand> passed)
    {
        if (!HasChannels(gain.Data))
            return ScaleAttempt.None;
        if (gain.Tensor.ElementCount == 1)
            return Through(gain.Data, passed);
        return OfChannels(gain.Node, 1 - gain.DataIndex) is { } operand
            ? new(new(null, [.. passed, operand]), null)
            : ScaleAttempt.None;
    }

    private ScaleAttempt OfSum(Node node, IReadOnlyList<ChannelOperand> passed)
    {
        if (ConstantOperand.Of(node) is not { } sum || !HasChannels(sum.Data) || OfChannels(node, 1 - sum.DataIndex) is not { } operand)
            return ScaleAttempt.None;
        return Through(sum.Data, [.. passed, operand]);
    }

    /// <summary>A product of two activations is linear in each: one of them carries the scale, as in gated layers.</summary>
    private ScaleAttempt OfProduct(Node node, IReadOnlyList<ChannelOperand> passed)
    {
        var attempts = node.Inputs.Where(HasChannels).Select(operand => Through(operand, passed)).ToList();
        return attempts.Find(attempt => attempt.Source is not null) is { Source: not null } found
            ? found
            : attempts.Find(attempt => attempt.Refusal is not null);
    }

    private bool HasChannels(Value? value) =>
        value?.Type?.Shape is { } shape && shape.Rank == rank && shape[rank - 1 - axis].Value == channels;

    private ChannelOperand? OfChannels(Node node, int index) => ChannelOperand.Of(node, index, channels, axis, rank);
}
