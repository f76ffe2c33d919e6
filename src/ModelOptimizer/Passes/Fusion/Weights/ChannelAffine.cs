namespace ModelOptimizer.Passes;

/// <summary>
/// y = scale · x + shift, with one scale and shift per channel or one for all: what a Mul, Div, Add, Sub or BatchNormalization with
/// constant operands does.
/// </summary>
internal sealed record ChannelAffine(double[] Scale, double[] Shift)
{
    public bool Scales => Scale.Any(factor => factor != 1);

    public bool Shifts => Shift.Any(term => term != 0);

    public bool IsFinite => Scale.All(double.IsFinite) && Shift.All(double.IsFinite);

    /// <summary>A Mul, Div, Add or Sub of x and a constant; null for a constant divided by x, which is no such thing.</summary>
    public static ChannelAffine? OfConstant(ConstantOperand operand, double[] constant) => operand.Node.OpType switch
    {
        "Mul" => new(constant, [0]),
        "Div" => operand.DataIndex == 0 ? new(Array.ConvertAll(constant, c => 1 / c), [0]) : null,
        "Add" => new([1], constant),
        _ => operand.DataIndex == 0 ? new([1], Array.ConvertAll(constant, c => -c)) : new([-1], constant),
    };

    /// <summary>The inference formula: (x − mean) / √(variance + epsilon) · scale + bias.</summary>
    public static ChannelAffine OfBatchNormalization(double[] scale, double[] bias, double[] mean, double[] variance, double epsilon)
    {
        var factors = scale.Zip(variance, (s, v) => s / Math.Sqrt(v + epsilon)).ToArray();
        return new(factors, [.. bias.Select((b, i) => b - mean[i] * factors[i])]);
    }
}
