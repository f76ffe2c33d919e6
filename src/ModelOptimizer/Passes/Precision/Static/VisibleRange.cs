using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The part of a value's range that its readers can tell apart. What a Clip, HardSigmoid or HardSwish maps to one number anyway needs no codes
/// of its own, so that the rest gets finer steps. Spelled out, x · Clip(x + 3, 0, 6), they are seen through.
/// </summary>
internal sealed class VisibleRange(long opset)
{
    /// <summary>Scalings and shifts looked through; formulas have two.</summary>
    private const int Deepest = 4;

    private static readonly (float Low, float High) All = (float.NegativeInfinity, float.PositiveInfinity);

    public ValueRange Of(Value value, ValueRange range)
    {
        var (low, high) = SeenOf(value, 0);
        return low > high ? range : new(Math.Clamp(range.Low, low, high), Math.Clamp(range.High, low, high));
    }

    private (float Low, float High) SeenOf(Value value, int depth)
    {
        var (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var use in value.Uses)
        {
            var seen = SeenBy(use, depth);
            (low, high) = (MathF.Min(low, seen.Low), MathF.Max(high, seen.High));
        }
        return (low, high);
    }

    private (float Low, float High) SeenBy(Use use, int depth)
    {
        var node = use.User;
        if (node.Is("HardSwish"))
            return (-3, float.PositiveInfinity);
        if (use.Index == 0 && GateLine.Bounds(node, opset) is { } bounds)
            return bounds;
        // x · gate(x) is zero below the gate, and grows above.
        if (node.Is("Mul") && GateLine.ZeroBelow(node.Input(1 - use.Index), node.Input(use.Index)!, opset) is { } zeroBelow)
            return (zeroBelow, float.PositiveInfinity);
        if (depth == Deepest || GateLine.Step(node, use.Index) is not var (factor, term) || !(factor > 0))
            return All;
        var (low, high) = SeenOf(node.Output(), depth + 1);
        return ((low - term) / factor, (high - term) / factor);
    }
}
