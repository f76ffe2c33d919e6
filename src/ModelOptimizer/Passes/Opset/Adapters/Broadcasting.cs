using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// Opset 7: operands are broadcast as NumPy does, from the last axis backwards. Before, the second operand was laid along the first from a
/// given axis on, and by default at its end, which is the same thing.
/// </summary>
internal static class Broadcasting
{
    /// <summary><c>broadcast</c> and <c>axis</c> become trailing axes of length 1.</summary>
    public static Outcome FromAxis(Node node)
    {
        if (node.Attributes.GetInt("broadcast", 0) != 0 && node.Attributes.TryGetInt("axis") is { } axis)
        {
            if (node.Input(0)?.Type?.Shape is not { } first || node.Input(1)?.Type?.Shape is not { } second)
                return Outcome.Refused("the ranks of its operands are not known, and it lays one along the other");
            var missing = first.Rank - (int)(axis < 0 ? axis + first.Rank : axis) - second.Rank;
            if (missing < 0)
                return Outcome.Refused("its second operand is too long for the axis that it is laid along");
            if (second.ElementCount != 1)
                AppendAxes(node, second, missing);
        }
        node.Attributes.Remove("axis");
        return DropAttribute(node);
    }

    /// <summary>PRelu had one slope for each channel, on the second axis.</summary>
    public static Outcome Slope(Node node)
    {
        if (node.Input(1)?.Type?.Shape is not { } slope)
            return Outcome.Refused("the shape of its slope is not known");
        if (slope.Rank != 1 || slope[0].Value == 1)
            return Outcome.Done;
        if (OperandTypes.Rank(node.Input(0)) is not { } rank)
            return Outcome.Refused(OperandTypes.UnknownRank);
        AppendAxes(node, slope, rank - 2);
        return Outcome.Done;
    }

    public static Outcome DropAttribute(Node node)
    {
        node.Attributes.Remove("broadcast");
        return Outcome.Done;
    }

    private static void AppendAxes(Node node, Shape second, int count)
    {
        if (count <= 0)
            return;
        var unsqueeze = node.Graph!.Insert(node, "Unsqueeze", [node.Input(1)]);
        unsqueeze.Attributes.Set("axes", Enumerable.Range(second.Rank, count).Select(axis => (long)axis));
        unsqueeze.Output().Infer(new TensorType(node.Input(1)!.Type!.ElementType,
            new Shape([.. second.Dimensions, .. Enumerable.Repeat((Dimension)1, count)])));
        node.SetInput(1, unsqueeze.Output());
    }
}
