using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that pick elements by indices, or put them there.</summary>
internal static class GatherRules
{
    public static void Gather(NodeTyping node)
    {
        var (shape, indices) = (node.Shape(0), node.Shape(1));
        if (shape is null || indices is null || ShapeMath.Axis(node.Attribute("axis", 0), shape.Rank) is not { } axis)
        {
            node.Set(node.ElementType(0), (Shape?)null);
            return;
        }
        node.Set(node.ElementType(0), [.. shape.Dimensions[..axis], .. indices.Dimensions, .. shape.Dimensions[(axis + 1)..]]);
        if (node.Elements(0) is { } elements && shape.Rank == 1 && node.Elements(1) is { } picks)
            node.SetElements(Picked(elements, picks));
    }

    /// <summary>The result has the shape of the indices.</summary>
    public static void GatherElements(NodeTyping node) => node.Set(node.ElementType(0), node.Shape(1));

    /// <summary>The indices' last axis holds places on the axes behind the batch axes.</summary>
    public static void GatherND(NodeTyping node)
    {
        var batch = node.Attribute("batch_dims", 0);
        if (node.Shape(0) is { } shape && node.Shape(1) is { Rank: > 0 } indices && indices[-1].Value is { } depth && batch + depth <= shape.Rank)
            node.Set(node.ElementType(0), [.. indices.Dimensions[..^1], .. shape.Dimensions[(int)(batch + depth)..]]);
        else
            node.Set(node.ElementType(0), (Shape?)null);
    }

    public static void Scatter(NodeTyping node) => ElementwiseRules.Unary(node);

    private static IEnumerable<Dimension> Picked(ImmutableArray<Dimension> elements, ImmutableArray<Dimension> picks) =>
        picks.Select(pick => pick.Value is { } place && ShapeMath.Axis(place, elements.Length) is { } index ? elements[index] : Dimension.Unknown);
}
