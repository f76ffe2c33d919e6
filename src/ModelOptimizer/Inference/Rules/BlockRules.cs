using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that resize images or move blocks between channels and places.</summary>
internal static class BlockRules
{
    public static void DepthToSpace(NodeTyping node)
    {
        var size = node.Attribute("blocksize", 0);
        if (node.Shape(0) is { Rank: 4 } x && size > 0)
            node.Set(node.ElementType(0), [x[0], node.Symbols.DivideExactly(x[1], size * size), node.Symbols.Multiply(x[2], size), node.Symbols.Multiply(x[3], size)]);
        else
            node.Set(node.ElementType(0), ShapeMath.UnknownOfRank(4));
    }

    public static void SpaceToDepth(NodeTyping node)
    {
        var size = node.Attribute("blocksize", 0);
        if (node.Shape(0) is { Rank: 4 } x && size > 0)
            node.Set(node.ElementType(0), [x[0], node.Symbols.Multiply(x[1], size * size), node.Symbols.DivideExactly(x[2], size), node.Symbols.DivideExactly(x[3], size)]);
        else
            node.Set(node.ElementType(0), ShapeMath.UnknownOfRank(4));
    }

    /// <summary>Inputs since opset 11: x, region, scales, sizes; opset 10 had x and scales.</summary>
    public static void Resize(NodeTyping node)
    {
        if (node.Shape(0) is not { } shape)
        {
            node.Set(node.ElementType(0), (Shape?)null);
            return;
        }
        var axes = node.Attribute("axes") is { } named ? ShapeMath.Axes(named, shape.Rank) : [.. Enumerable.Range(0, shape.Rank)];
        var isStretched = (node.Node.Attributes.TryGetString("keep_aspect_ratio_policy") ?? "stretch") == "stretch";
        // Here the region has a say in the lengths.
        var isCropped = node.Node.Attributes.TryGetString("coordinate_transformation_mode") == "tf_crop_and_resize";
        var lengths = axes is null || !isStretched || isCropped ? null : node.Opset >= 11 ? Sizes(node, axes) ?? Scaled(node, shape, axes, 2) : Scaled(node, shape, axes, 1);
        node.Set(node.ElementType(0), lengths is null ? ShapeMath.UnknownOfRank(shape.Rank) : Placed(shape, axes!, lengths));
    }

    /// <summary>The scales are an attribute before opset 9, an input in 9.</summary>
    public static void Upsample(NodeTyping node)
    {
        var shape = node.Shape(0);
        if (shape is null)
        {
            node.Set(node.ElementType(0), (Shape?)null);
            return;
        }
        int[] axes = [.. Enumerable.Range(0, shape.Rank)];
        var scales = node.Opset >= 9 ? Floats(node, 1) : node.Node.Attributes.TryGetFloats("scales")?.ToArray();
        var lengths = Scaled(node.Symbols, shape, axes, scales);
        node.Set(node.ElementType(0), lengths is null ? ShapeMath.UnknownOfRank(shape.Rank) : Placed(shape, axes, lengths));
    }

    private static Shape Placed(Shape shape, int[] axes, Dimension[] lengths)
    {
        for (var i = 0; i < axes.Length; i++)
            shape = shape.With(axes[i], lengths[i]);
        return shape;
    }

    private static Dimension[]? Sizes(NodeTyping node, int[] axes) => node.Elements(3) is { } sizes && sizes.Length == axes.Length ? [.. sizes] : null;

    private static Dimension[]? Scaled(NodeTyping node, Shape shape, int[] axes, int input) =>
        node.HasInput(input) ? Scaled(node.Symbols, shape, axes, Floats(node, input)) : null;

    private static Dimension[]? Scaled(SymbolTable symbols, Shape shape, int[] axes, float[]? scales) =>
        scales?.Length == axes.Length ? [.. axes.Select((axis, i) => Scaled(symbols, shape[axis], scales[i]))] : null;

    /// <summary>The runtime multiplies in float32 and cuts; whole scales are exact for symbols too.</summary>
    private static Dimension Scaled(SymbolTable symbols, Dimension length, float scale)
    {
        if (length.Value is { } count)
            return (long)(count * scale);
        return scale == MathF.Floor(scale) && scale is >= 1 and < 1024 ? symbols.Multiply(length, (long)scale) : Dimension.Unknown;
    }

    private static float[]? Floats(NodeTyping node, int input) =>
        node.Node.Input(input)?.Constant is { ElementType: DataType.Float, ElementCount: <= ElementMap.Longest } scales ? scales.ToFloats() : null;
}
