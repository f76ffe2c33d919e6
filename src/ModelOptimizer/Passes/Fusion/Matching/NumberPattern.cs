using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Matching;

/// <summary>
/// A constant of one element that equals a number as exporters print it: within <see cref="Tolerance"/> (√2 as 1.4142), or as near as
/// float16 comes, where that is its type.
/// </summary>
internal sealed class NumberPattern(double number) : Pattern
{
    /// <summary>Relative.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Half a unit in the last of float16's 11 bits.</summary>
    private const double HalfPrecision = 1.0 / 2048;

    public double Number => number;

    public override IEnumerable<Match> Match(Value? value, Match match) =>
        value?.Constant is { ElementCount: 1 } constant && Equals(constant) ? [match] : [];

    private bool Equals(Tensor constant)
    {
        if (constant.ElementType is DataType.String or DataType.Complex64 or DataType.Complex128)
            return false;
        var tolerance = constant.ElementType == DataType.Float16 ? HalfPrecision : Tolerance;
        return Math.Abs(constant.ToFloats()[0] - number) <= tolerance * Math.Abs(number);
    }
}
