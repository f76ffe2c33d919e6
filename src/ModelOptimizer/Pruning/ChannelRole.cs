using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>What a node does with an axis of a constant.</summary>
internal enum ChannelRole
{
    /// <summary>Goes along with the channels: biases, scales, kernels of a channel by itself.</summary>
    Along,

    /// <summary>Makes the channels: rows of a weight.</summary>
    Output,

    /// <summary>Sums over the channels: columns of a weight.</summary>
    Input,
}

internal static class ChannelRoles
{
    public static ChannelRole Of(ChannelRange range) =>
        range.Operand is { Reader: { } node, Rank: { } rank } constant ? Of(node, constant.Slot, range.Axis, rank) : ChannelRole.Along;

    private static ChannelRole Of(Node node, int slot, int axis, int rank) => node.OpType switch
    {
        "Conv" or "FusedConv" when slot == 1 => axis switch
        {
            0 when IsSeparate(node) => ChannelRole.Along,
            0 => ChannelRole.Output,
            _ => ChannelRole.Input,
        },
        "ConvTranspose" when slot == 1 => IsSeparate(node) ? ChannelRole.Along : axis switch
        {
            0 => ChannelRole.Input,
            1 => ChannelRole.Output,
            _ => ChannelRole.Along,
        },
        "MatMul" or "Gemm" or "FusedMatMul" or "FusedGemm" when slot <= 1 => Matrix(node, slot, rank - axis),
        "LSTM" or "GRU" or "RNN" when slot == 1 => ChannelRole.Input,
        "Attention" when slot == 1 && node.Domain.Length > 0 => axis == 0 ? ChannelRole.Input : ChannelRole.Output,
        "Gather" when slot == 0 => ChannelRole.Output,
        _ => ChannelRole.Along,
    };

    /// <param name="fromEnd">1 for the last axis.</param>
    private static ChannelRole Matrix(Node node, int slot, int fromEnd)
    {
        if (fromEnd > 2)
            return ChannelRole.Along;
        var isTransposed = node.Attributes.GetInt(slot == 0 ? "transA" : "transB", 0) != 0;
        var isLast = fromEnd == 1 != isTransposed;
        return isLast == (slot == 0) ? ChannelRole.Input : ChannelRole.Output;
    }

    /// <summary>True where each channel has a kernel of its own.</summary>
    private static bool IsSeparate(Node node) =>
        node.Attributes.GetInt("group", 1) is > 1 and var groups && Operand.Input(node, 0)?.Shape is { Rank: > 1 } shape && shape[1].Value == groups;
}
