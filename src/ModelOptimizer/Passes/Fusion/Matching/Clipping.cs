using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes.Matching;

/// <summary>Clip, whose bounds are attributes up to opset 10 and inputs from then on.</summary>
internal static class Clipping
{
    /// <summary>The operand clipped to exactly these bounds.</summary>
    public static Pattern Of(Pattern operand, float low, float high) => new OperatorPattern("Clip", [operand])
    {
        AllowsMoreInputs = true,
        Accepts = node => Bound(node, "min", 1) == low && Bound(node, "max", 2) == high,
    };

    private static float? Bound(Node node, string attribute, int index) => node.Input(index) is { } input
        ? input.Constant is { ElementCount: 1 } constant && constant.ElementType.IsFloatingPoint() ? constant.ToFloats()[0] : null
        : node.Attributes.TryGetFloat(attribute);
}
