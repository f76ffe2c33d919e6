using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that make one element of many.</summary>
internal static class ReduceRules
{
    /// <summary>The axes moved from an attribute to an input: of ReduceSum with opset 13, of all others with 18.</summary>
    public static void Reduce(NodeTyping node)
    {
        var areInputs = node.Opset >= (node.Node.OpType == "ReduceSum" ? 13 : 18);
        node.Set(node.ElementType(0), Reduced(node, areInputs));
        if (node.Elements(0) is { Length: > 0 } elements && AxesOf(node, areInputs) is not [_, _, ..] and not null)
            node.SetElements(ReducedElements(node, elements, areInputs));
    }

    public static void ArgReduce(NodeTyping node)
    {
        var shape = node.Shape(0);
        if (shape is not null)
            shape = ShapeMath.Axis(node.Attribute("axis", 0), shape.Rank) is { } axis ? Without(shape, [axis], node.Flag("keepdims", true)) : null;
        node.Set(DataType.Int64, shape);
    }

    private static Shape? Reduced(NodeTyping node, bool areInputs)
    {
        if (node.Shape(0) is not { } shape)
            return null;
        var keeps = node.Flag("keepdims", true);
        if (AxesOf(node, areInputs) is not { } axes)
            return keeps ? ShapeMath.UnknownOfRank(shape.Rank) : null;
        if (axes.Length == 0 && areInputs && node.Flag("noop_with_empty_axes"))
            return shape;
        var reduced = axes.Length == 0 ? [.. Enumerable.Range(0, shape.Rank)] : ShapeMath.Axes(axes, shape.Rank);
        return reduced is null ? null : Without(shape, reduced, keeps);
    }

    /// <returns>No axes for "all"; null when they are not known.</returns>
    private static long[]? AxesOf(NodeTyping node, bool areInputs)
    {
        if (areInputs)
            return node.HasInput(1) ? node.Int64s(1) : [];
        return node.Attribute("axes") ?? [];
    }

    private static Shape Without(Shape shape, int[] axes, bool keeps) => keeps
        ? new([.. shape.Dimensions.Select((length, axis) => axes.Contains(axis) ? 1 : length)])
        : new([.. shape.Dimensions.Where((_, axis) => !axes.Contains(axis))]);

    private static IEnumerable<Dimension>? ReducedElements(NodeTyping node, ImmutableArray<Dimension> elements, bool areInputs)
    {
        if (areInputs && node.Flag("noop_with_empty_axes") && AxesOf(node, areInputs) is [])
            return node.Node.OpType is "ReduceProd" or "ReduceSum" or "ReduceMax" or "ReduceMin" ? elements : null;
        return node.Node.OpType switch
        {
            "ReduceProd" => [node.Symbols.Product(elements)],
            "ReduceSum" => [node.Symbols.Sum(elements)],
            "ReduceMax" => [elements.Aggregate(node.Symbols.Max)],
            "ReduceMin" => [elements.Aggregate(node.Symbols.Min)],
            _ => null,
        };
    }
}
