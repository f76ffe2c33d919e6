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
        if (KeepsShape(node))
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
        NoOpVerdict.When(KeepsShape(node) || node.Input(0)?.Type?.Shape is { Rank: 2 } && node.Attributes.GetInt("axis", 1) is 1 or -1);

    /// <summary>No axis goes: there is none of length 1.</summary>
    public static NoOpVerdict Squeeze(Node node) =>
        NoOpVerdict.When(node.Input(0)?.Type?.Shape is { } shape && shape.Rank == node.Output().Type?.Shape?.Rank);

    public static NoOpVerdict Transpose(Node node)
    {
        if (node.Attributes.TryGetInts("perm") is { } order)
            return NoOpVerdict.When(order.Select((axis, place) => axis == place).All(stays => stays));
        return NoOpVerdict.When(node.Input(0)?.Type?.Shape is { Rank: <= 1 });
    }

    /// <summary>Axes are aligned at the end; 1 asks for nothing.</summary>
    public static NoOpVerdict Expand(Node node)
    {
        if (KeepsShape(node))
            return NoOpVerdict.Yes;
        if (node.Input(0)?.Type?.Shape is not { } shape || node.Input(1)?.Constant is not { } constant)
            return NoOpVerdict.No;
        var target = constant.AsInt64s();
        return NoOpVerdict.When(target.Length <= shape.Rank
            && target.Select((length, i) => length == 1 || length == shape[shape.Rank - target.Length + i].Value).All(keeps => keeps));
    }

    /// <summary>Every element of the axis, in order.</summary>
    public static NoOpVerdict Gather(Node node)
    {
        if (node.Input(0)?.Type?.Shape is not { Rank: > 0 } shape || node.Input(1)?.Constant is not { Dimensions.Length: 1 } indices)
            return NoOpVerdict.No;
        return NoOpVerdict.When(shape[(int)node.Attributes.GetInt("axis", 0)].Value == indices.ElementCount
            && indices.AsInt64s().Select((index, place) => index == place).All(stays => stays));
    }

    /// <summary>To the same size. Cropping looks at another input, so that mode is left alone.</summary>
    public static NoOpVerdict Resize(Node node, long opset)
    {
        if (node.Attributes.TryGetString("coordinate_transformation_mode") == "tf_crop_and_resize")
            return NoOpVerdict.No;
        var scales = node.Is("Upsample") || opset < 11 ? node.Input(1) : node.Input(2);
        if (scales?.Constant is { ElementCount: > 0 } known)
            return NoOpVerdict.When(UnitTensors.AreOnes(known));
        // Scales that keep the size may still move what is in it; sizes say no more than they are.
        return NoOpVerdict.When(node.Is("Resize") && opset >= 11 && node.Input(3) is not null && KeepsShape(node));
    }

    /// <summary>From the first element to the last in steps of one, on every axis named.</summary>
    public static NoOpVerdict Slice(Node node, long opset)
    {
        if (opset >= 10 && node.Input(4) is { } steps && (steps.Constant is not { } known || known.AsInt64s().Any(step => step != 1)))
            return NoOpVerdict.No;
        if (KeepsShape(node))
            return NoOpVerdict.Yes;
        var shape = node.Input(0)?.Type?.Shape;
        return NoOpVerdict.When(ConstantSlice.Of(node, opset) is { } cuts && cuts.All(cut => cut.Start == 0 && ReachesEnd(cut)));

        bool ReachesEnd(AxisSlice cut) =>
            cut.IsOpen || (Contains(shape, cut.Axis) && shape![(int)cut.Axis].Value is { } length && cut.End >= length);
    }

    /// <summary>The result has the input's shape, symbols included.</summary>
    public static bool KeepsShape(Node node) =>
        node.Input(0)?.Type?.Shape is { } shape && node.Output().Type?.Shape is { } result && BroadcastShapes.AreSame(shape, result);

    private static bool Contains(Shape? shape, long axis) => shape is not null && axis >= -shape.Rank && axis < shape.Rank;
}
