using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>When an operator that moves or reshapes data leaves it as it is.</summary>
internal static class NoOpShapes
{
    /// <summary>Every axis keeps its length; one may be left to be found out, since the number of elements is fixed.</summary>
    public static NoOpVerdict Reshape(Node node, long opset)
    {
        if (node.Input(0)?.Type?.Shape is not { } shape)
            return NoOpVerdict.Unsure("its input's shape is unknown");
        if (shape.IsStatic && node.Output().Type?.Shape is { } result && shape.Equals(result))
            return NoOpVerdict.Yes;
        if (Operands.Int64s(node, "shape", 1, isInput: opset >= 5) is not { } target || target.Length != shape.Rank)
            return NoOpVerdict.No;
        var zeroCopies = node.Attributes.GetInt("allowzero", 0) == 0;
        var open = target.Where((length, axis) => !Keeps(length, shape[axis])).ToArray();
        return NoOpVerdict.When(open is [] or [-1]);

        bool Keeps(long length, Dimension axis) => (length == 0 && zeroCopies) || (length > 0 && length == axis.Value);
    }

    /// <summary>A matrix flattened behind its first axis.</summary>
    public static NoOpVerdict Flatten(Node node) =>
        NoOpVerdict.When(node.Input(0)?.Type?.Shape is { Rank: 2 } && node.Attributes.GetInt("axis", 1) is 1 or -1);

    public static NoOpVerdict Transpose(Node node)
    {
        if (node.Attributes.TryGetInts("perm") is { } order)
            return NoOpVerdict.When(order.Select((axis, place) => axis == place).All(stays => stays));
        return NoOpVerdict.When(node.Input(0)?.Type?.Shape is { Rank: <= 1 });
    }

    /// <summary>Axes are aligned at the end; 1 asks for nothing.</summary>
    public static NoOpVerdict Expand(Node node)
    {
        if (node.Input(0)?.Type?.Shape is not { } shape || node.Input(1)?.Constant is not { } constant)
            return NoOpVerdict.No;
        var target = constant.AsInt64s();
        return NoOpVerdict.When(target.Length <= shape.Rank
            && target.Select((length, i) => length == 1 || length == shape[shape.Rank - target.Length + i].Value).All(keeps => keeps));
    }

    /// <summary>From the first element to the last in steps of one, on every axis named.</summary>
    public static NoOpVerdict Slice(Node node, long opset)
    {
        var areInputs = opset >= 10;
        if (Operands.Int64s(node, "starts", 1, areInputs) is not { } starts || Operands.Int64s(node, "ends", 2, areInputs) is not { } ends)
            return NoOpVerdict.No;
        if (areInputs && node.Input(4) is { } steps && (steps.Constant is not { } known || known.AsInt64s().Any(step => step != 1)))
            return NoOpVerdict.No;
        var axes = Operands.Int64s(node, "axes", 3, areInputs);
        if (axes is null && areInputs && node.Input(3) is not null)
            return NoOpVerdict.No;
        var shape = node.Input(0)?.Type?.Shape;
        if (ends.Length != starts.Length || axes?.Length < starts.Length)
            return NoOpVerdict.No;
        return NoOpVerdict.When(starts.All(start => start == 0) && ends.Select((end, i) => ReachesEnd(end, axes?[i] ?? i)).All(reaches => reaches));

        // Exporters write "to the end" as the largest number of 32 or 64 bits; no axis is that long.
        bool ReachesEnd(long end, long axis) => end >= int.MaxValue || (Contains(shape, axis) && shape![(int)axis].Value is { } length && end >= length);
    }

    private static bool Contains(Shape? shape, long axis) => shape is not null && axis >= -shape.Rank && axis < shape.Rank;
}
