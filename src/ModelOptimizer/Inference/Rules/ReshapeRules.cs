using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that give the same elements other axes.</summary>
internal static class ReshapeRules
{
    public static void Reshape(NodeTyping node)
    {
        var target = node.Opset >= 5 ? node.Elements(1) : node.Attribute("shape")?.Select(length => (Dimension)length).ToImmutableArray();
        if (target is { } lengths)
            node.Set(node.ElementType(0), ReshapeResult.Resolve(node.Symbols, node.Shape(0), lengths, zeroCopies: !node.Flag("allowzero")));
        else
            node.Set(node.ElementType(0), node.Shape(1) is { Rank: 1 } shape && shape[0].Value is { } rank and <= ElementMap.Longest ? ShapeMath.UnknownOfRank(rank) : null);
        node.SetElements(node.Elements(0));
    }

    public static void Flatten(NodeTyping node)
    {
        var axis = node.Attribute("axis", 1);
        if (node.Shape(0) is not { } shape || axis < -shape.Rank || axis > shape.Rank)
        {
            node.Set(node.ElementType(0), ShapeMath.UnknownOfRank(2));
            return;
        }
        var cut = (int)(axis < 0 ? axis + shape.Rank : axis);
        node.Set(node.ElementType(0), [node.Symbols.Product(shape.Dimensions[..cut]), node.Symbols.Product(shape.Dimensions[cut..])]);
    }

    public static void Squeeze(NodeTyping node)
    {
        node.Set(node.ElementType(0), Squeezed(node));
        node.SetElements(node.Elements(0));
    }

    public static void Unsqueeze(NodeTyping node)
    {
        node.Set(node.ElementType(0), Unsqueezed(node));
        node.SetElements(node.Elements(0));
    }

    public static void Transpose(NodeTyping node)
    {
        var shape = node.Shape(0);
        var order = node.Attribute("perm");
        if (shape is null || (order is not null && order.Length != shape.Rank))
            node.Set(node.ElementType(0), shape);
        else
            node.Set(node.ElementType(0), order is null ? shape.Dimensions.Reverse() : order.Select(axis => shape[(int)axis]));
        node.SetElements(node.Elements(0));
    }

    /// <summary>Without axes, which the runtime takes an empty list for, every axis of length 1 goes; a symbolic one could be such.</summary>
    private static Shape? Squeezed(NodeTyping node)
    {
        if (node.Shape(0) is not { } shape)
            return null;
        var isGiven = node.Opset < 13 ? node.Node.Attributes.Has("axes") : node.HasInput(1);
        if (!isGiven || Axes(node) is [])
            return shape.IsStatic ? new([.. shape.Dimensions.Where(length => length.Value != 1)]) : null;
        if (Axes(node) is not { } axes || ShapeMath.Axes(axes, shape.Rank) is not { } squeezed)
            return null;
        return new([.. shape.Dimensions.Where((_, axis) => !squeezed.Contains(axis))]);
    }

    private static Shape? Unsqueezed(NodeTyping node)
    {
        if (node.Shape(0) is not { } shape || Axes(node) is not { } axes || ShapeMath.Axes(axes, shape.Rank + axes.Length) is not { } added)
            return null;
        var lengths = shape.Dimensions.ToList();
        foreach (var axis in added.Order())
            lengths.Insert(axis, 1);
        return new([.. lengths]);
    }

    private static long[]? Axes(NodeTyping node) => node.Opset < 13 ? node.Attribute("axes") : node.Int64s(1);
}
