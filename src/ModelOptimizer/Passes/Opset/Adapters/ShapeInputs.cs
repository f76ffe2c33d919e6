using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Numbers that shape the result and became inputs, or inputs of another form.</summary>
internal static class ShapeInputs
{
    /// <summary>Opset 5: the target shape became an input.</summary>
    public static Outcome Reshape(Node node, OpsetStep step)
    {
        if (node.Attributes.TryGetInts("shape") is not { } shape)
            return Outcome.Refused("it does not say the shape to give");
        node.SetInput(1, step.Int64s(node, "shape", shape.AsSpan()));
        node.Attributes.Remove("shape");
        return ObsoleteAttributes.DropConsumedInputs(node);
    }

    /// <summary>Opset 6: a count and an axis became a count for every axis.</summary>
    public static Outcome Tile(Node node, OpsetStep step)
    {
        if (OperandTypes.Rank(node.Input(0)) is not { } rank)
            return Outcome.Refused(OperandTypes.UnknownRank);
        if (Single(node.Input(1)) is not { } count || Single(node.Input(2)) is not { } axis || axis < 0 || axis >= rank)
            return Outcome.Refused("count and axis are not constant");
        var repeats = new long[rank];
        Array.Fill(repeats, 1);
        repeats[axis] = count;
        node.TrimInputs(1);
        node.SetInput(1, step.Int64s(node, "repeats", repeats));
        return Outcome.Done;
    }

    /// <summary>Opset 10: how many to find became an input.</summary>
    public static Outcome TopK(Node node, OpsetStep step)
    {
        if (node.Attributes.TryGetInt("k") is not { } k)
            return Outcome.Refused("it does not say how many to find");
        node.SetInput(1, step.Int64s(node, "k", k));
        node.Attributes.Remove("k");
        return Outcome.Done;
    }

    /// <summary>Such numbers were of the data's own type then.</summary>
    private static long? Single(Value? value) => value?.Constant is not { ElementCount: 1 } constant ? null : constant.ElementType switch
    {
        DataType.Int64 or DataType.Int32 => constant.AsInt64s()[0],
        DataType.Float => (long)constant.AsSpan<float>()[0],
        _ => null,
    };
}
