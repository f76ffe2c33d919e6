using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>When an operator repeats or takes back what the one before it did, or has one element to reduce.</summary>
internal static class NoOpRepeats
{
    /// <summary>Done twice, it is undone.</summary>
    public static NoOpVerdict Twice(Node node) =>
        NoOpVerdict.From(node.Input(0)?.Producer is { } before && before.Is(node.OpType) ? before.Input(0) : null);

    /// <summary>One of the operators before left nothing for it to do.</summary>
    public static NoOpVerdict Again(Node node, params ReadOnlySpan<string> operators) =>
        NoOpVerdict.When(node.Input(0)?.Producer is { } before && before.Is(operators));

    /// <summary>
    /// The axes reduced have length 1 and are kept. Sums and products of floating-point numbers start from 0 or 1, where a kernel may lose
    /// the sign of a zero.
    /// </summary>
    public static NoOpVerdict ReductionOfOne(Node node) => NoOpVerdict.When(NoOpShapes.KeepsShape(node)
        && (node.Is("ReduceMax", "ReduceMin") || node.Input(0)!.Type!.ElementType.IsFloatingPoint() == false));
}
