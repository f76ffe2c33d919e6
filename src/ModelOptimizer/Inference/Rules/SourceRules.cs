using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that tell of shapes, or make tensors from lengths.</summary>
internal static class SourceRules
{
    /// <summary>From opset 15 on a part of the shape may be asked for.</summary>
    public static void Shape(NodeTyping node)
    {
        if (node.Shape(0) is not { } shape)
        {
            node.Set(DataType.Int64, ShapeMath.UnknownOfRank(1));
            return;
        }
        var start = node.Opset < 15 ? 0 : Clamp(node.Attribute("start", 0), shape.Rank);
        var end = node.Opset < 15 ? shape.Rank : Clamp(node.Attribute("end", shape.Rank), shape.Rank);
        node.Set(DataType.Int64, [Math.Max(0, end - start)]);
        node.SetElements(shape.Dimensions.Take(end).Skip(start));
    }

    public static void Size(NodeTyping node)
    {
        node.Set(DataType.Int64, Onnx.Shape.Scalar);
        if (node.Shape(0) is { } shape)
            node.SetElements([node.Symbols.Product(shape.Dimensions)]);
    }

    public static void ConstantOfShape(NodeTyping node)
    {
        var value = node.Node.Attributes.GetTensor("value");
        var target = node.Elements(0);
        node.Set(value?.ElementType ?? DataType.Float, target is { } lengths ? new Shape(lengths) : UnknownTarget(node));
        if (value is { ElementType: DataType.Int64 or DataType.Int32 or DataType.Bool } && Count(target) is { } count)
            node.SetElements(Enumerable.Repeat((Dimension)value.ToInt64s()[0], count));
    }

    public static void Range(NodeTyping node)
    {
        var (start, limit, step) = (node.Elements(0), node.Elements(1), node.Elements(2));
        if (start is not [var from] || limit is not [var to] || step is not [{ Value: { } delta and not 0 }])
        {
            node.Set(node.ElementType(0), [Dimension.Unknown]);
            return;
        }
        var distance = delta > 0 ? node.Symbols.Subtract(to, from) : node.Symbols.Subtract(from, to);
        var length = node.Symbols.Max(0, node.Symbols.CeilingDivide(distance, Math.Abs(delta)));
        node.Set(node.ElementType(0), [length]);
        if (length.Value is { } count and <= ElementMap.Longest)
            node.SetElements(Enumerable.Range(0, (int)count).Select(i => node.Symbols.Add(from, i * delta)));
    }

    /// <summary>One row per axis, one column per element found.</summary>
    public static void NonZero(NodeTyping node) =>
        node.Set(DataType.Int64, [node.Shape(0) is { } shape ? Math.Max(1, shape.Rank) : Dimension.Unknown, Dimension.Unknown]);

    public static void Compress(NodeTyping node)
    {
        if (node.Node.Attributes.TryGetInt("axis") is not { } named)
            node.Set(node.ElementType(0), [Dimension.Unknown]);
        else if (node.Shape(0) is { } shape && ShapeMath.Axis(named, shape.Rank) is { } axis)
            node.Set(node.ElementType(0), shape.With(axis, Dimension.Unknown));
        else
            node.Set(node.ElementType(0), (Shape?)null);
    }

    /// <summary>How many is an attribute before opset 10.</summary>
    public static void TopK(NodeTyping node)
    {
        var shape = node.Shape(0);
        if (shape is not null)
        {
            var count = node.Opset < 10 ? node.Node.Attributes.TryGetInt("k") ?? Dimension.Unknown : node.Elements(1) is [var only] ? only : Dimension.Unknown;
            shape = ShapeMath.Axis(node.Attribute("axis", -1), shape.Rank) is { } axis ? shape.With(axis, count) : null;
        }
        node.Set(0, node.ElementType(0), shape);
        node.Set(1, DataType.Int64, shape);
    }

    public static void OneHot(NodeTyping node)
    {
        if (node.Shape(0) is not { } shape || ShapeMath.Axis(node.Attribute("axis", -1), shape.Rank + 1) is not { } axis)
            node.Set(node.ElementType(2), (Shape?)null);
        else
            node.Set(node.ElementType(2), new Shape(shape.Dimensions.Insert(axis, node.Elements(1) is [var depth] ? depth : Dimension.Unknown)));
    }

    /// <summary>The shape of the first input in a type that an attribute may name.</summary>
    public static void Like(NodeTyping node) => node.Set(DTypeOf(node) ?? node.ElementType(0), node.Shape(0));

    public static void Random(NodeTyping node) => node.Set(DTypeOf(node) ?? DataType.Float, node.Attribute("shape")?.Select(length => (Dimension)length));

    private static DataType? DTypeOf(NodeTyping node) => node.Node.Attributes.TryGetInt("dtype") is { } type ? (DataType)type : null;

    private static int Clamp(long axis, int rank) => (int)Math.Clamp(axis < 0 ? axis + rank : axis, 0, rank);

    private static int? Count(ImmutableArray<Dimension>? target) => target switch
    {
        [] => 1,
        [{ Value: { } only and >= 0 and <= ElementMap.Longest }] => (int)only,
        _ => null,
    };

    private static Shape? UnknownTarget(NodeTyping node) =>
        node.Shape(0) is { Rank: 1 } shape && shape[0].Value is { } rank and <= ElementMap.Longest ? ShapeMath.UnknownOfRank(rank) : null;
}
