using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The part of a value's range that its readers can tell apart. What a Clip, HardSigmoid or HardSwish maps to one number anyway needs no codes
/// of its own, so that the rest gets finer steps.
/// </summary>
internal static class VisibleRange
{
    public static ValueRange Of(Value value, ValueRange range, long opset)
    {
        var (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var use in value.Uses)
        {
            var seen = SeenBy(use, opset);
            (low, high) = (MathF.Min(low, seen.Low), MathF.Max(high, seen.High));
        }
        return low > high ? range : new(Math.Clamp(range.Low, low, high), Math.Clamp(range.High, low, high));
    }

    private static (float Low, float High) SeenBy(Use use, long opset) => use.User switch
    {
        var node when node.Is("HardSwish") => (-3, float.PositiveInfinity),
        var node when node.Is("HardSigmoid") => HardSigmoid(node),
        var node when node.Is("Relu", "Clip") && use.Index == 0 && ClipBounds.Of(node, opset) is { } bounds => (bounds.Low, bounds.High),
        // x · HardSigmoid(x) is flat below only.
        var node when node.Is("Mul") && Gate(node, use) is { } gate => (HardSigmoid(gate).Low, float.PositiveInfinity),
        _ => (float.NegativeInfinity, float.PositiveInfinity),
    };

    private static Node? Gate(Node product, Use use) => product.Input(1 - use.Index)?.Producer is { } gate && gate.Is("HardSigmoid")
        && gate.Input(0) == product.Input(use.Index) ? gate : null;

    private static (float Low, float High) HardSigmoid(Node node)
    {
        var (alpha, beta) = (node.Attributes.GetFloat("alpha", 0.2f), node.Attributes.GetFloat("beta", 0.5f));
        return alpha > 0 ? (-beta / alpha, (1 - beta) / alpha) : (float.NegativeInfinity, float.PositiveInfinity);
    }
}
