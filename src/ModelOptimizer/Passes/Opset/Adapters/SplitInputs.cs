using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The lengths that Split cuts were an optional input, then an attribute, then an optional input again.</summary>
internal static class SplitInputs
{
    /// <summary>Opset 2: input became attribute.</summary>
    public static Outcome ToAttribute(Node node)
    {
        if (!node.Attributes.Has("axis"))
            return Outcome.Refused("it does not say its axis, which had no default yet");
        if (node.Input(1) is not { } lengths)
            return Outcome.Done;
        if (lengths.Constant is not { ElementType: DataType.Int64 or DataType.Int32 } constant)
            return Outcome.Refused("the lengths to cut are computed, and had to be constant in the next version");
        node.Attributes.Set("split", constant.AsInt64s());
        node.TrimInputs(1);
        return Outcome.Done;
    }

    /// <summary>Opset 13: attribute became input.</summary>
    public static Outcome ToInput(Node node, OpsetStep step)
    {
        if (node.Attributes.TryGetInts("split") is { } lengths)
            node.SetInput(1, step.Int64s(node, "split", lengths.AsSpan()));
        node.Attributes.Remove("split");
        return Outcome.Done;
    }

    /// <summary>Opset 18: equal parts have to be asked for.</summary>
    public static Outcome SayCount(Node node)
    {
        if (node.Input(1) is null)
            node.Attributes.Set("num_outputs", node.Outputs.Count);
        return Outcome.Done;
    }
}
