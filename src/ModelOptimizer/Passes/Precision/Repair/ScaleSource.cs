using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A constant operand with one number for each channel.</summary>
/// <param name="Dimensions">The shape in which it has one number for each channel: its own, unless a single number stands for all.</param>
internal readonly record struct ChannelOperand(Node Node, int Index, double[] Elements, long[] Dimensions)
{
    public Value Value => Node.Input(Index)!;

    /// <summary>The operand with one number for each channel; null when it is not constant, none such, or of another type than float32.</summary>
    /// <param name="axis">Where the channels stand, counted from the last axis, which is 0.</param>
    /// <param name="rank">Of what it is combined with.</param>
    public static ChannelOperand? Of(Node node, int index, int channels, int axis, int rank)
    {
        if (node.Input(index)?.Constant is not { ElementType: DataType.Float } constant || ConstantOperand.ByChannel(constant, channels, axis, rank) is not { } elements)
            return null;
        var dimensions = constant.ElementCount == channels ? [.. constant.Dimensions] : Enumerable.Repeat(1L, axis).Prepend(channels).ToArray();
        return new(node, index, [.. Enumerable.Range(0, channels).Select(elements.At)], dimensions);
    }
}

/// <summary>
/// The constants that give a value's channels their scale: multiplied by positive factors, they multiply the channels by them, because
/// everything between commutes with that (f(s·x) = s·f(x)).
/// </summary>
/// <param name="Linear">The convolution or product that the value comes from; null when a gain gives the scale.</param>
/// <param name="Operands">Gains, and what is added on the way.</param>
internal sealed record ScaleSource(WeightedNode? Linear, IReadOnlyList<ChannelOperand> Operands);

/// <summary>Where the scale of a value's channels comes from, or why none can be given although one almost could.</summary>
internal readonly record struct ScaleAttempt(ScaleSource? Source, string? Refusal)
{
    public static ScaleAttempt None => default;

    public static ScaleAttempt Refused(string? why) => new(null, why);
}
