using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The axes of Squeeze and Unsqueeze, which opset 13 made an input.</summary>
internal static class AxesOperand
{
    private const long AsInput = 13;

    /// <summary>
    /// The axes counted from the first, in the order given; null when they are left out, as an empty list says, too, not constant, or of an
    /// unknown rank.
    /// </summary>
    public static long[]? Resolved(Node node, long opset)
    {
        if (Operands.Int64s(node, "axes", 1, opset >= AsInput) is not { Length: > 0 } axes)
            return null;
        if (axes.All(axis => axis >= 0))
            return axes;
        // Those of Unsqueeze are axes of the result.
        var added = node.Is("Unsqueeze") ? axes.Length : 0;
        return node.Input(0)?.Type?.Shape?.Rank is { } rank ? [.. axes.Select(axis => axis < 0 ? axis + rank + added : axis)] : null;
    }

    public static void Set(Node node, long[] axes, long opset)
    {
        if (opset < AsInput)
            node.Attributes.Set("axes", axes);
        else
            node.SetInput(1, node.Graph!.AddConstant("axes", Tensor.Create([axes.Length], axes)));
    }
}
