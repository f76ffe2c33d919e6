using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>A constant operand with one number for each channel.</summary>
/// <param name="Dimensions">The shape in which it has one number for each channel: its own, unless a single number stands for all.</param>
internal readonly record struct ChannelOperand(Node Node, int Index, double[] Elements, long[] Dimensions)
{
    public Value Value => Node.Input(Index)!;
}

/// <summary>
/// The constants that give a value's channels their scale: multiplied by positive factors, they multiply the channels by them, because
/// everything between commutes with that (f(s·x) = s·f(x)).
/// </summary>
/// <param name="Linear">The convolution or product that the value comes from; null when a gain gives the scale.</param>
/// <param name="Operands">Gains, and what is added on the way.</param>
internal sealed record ScaleSource(WeightedNode? Linear, IReadOnlyList<ChannelOperand> Operands)
{
    /// <summary>Every constant that takes part.</summary>
    public IEnumerable<Value> Constants => Operands.Select(operand => operand.Value).Concat(Linear is null ? [] : [Linear.Weight]);
}

/// <summary>Where the scale of a value's channels comes from, or why none can be given although one almost could.</summary>
internal readonly record struct ScaleAttempt(ScaleSource? Source, string? Refusal)
{
    public static ScaleAttempt None => default;

    public static ScaleAttempt Refused(string? why) => new(null, why);
}
