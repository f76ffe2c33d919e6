using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>What the rules of many operators share.</summary>
internal static class ShapeMath
{
    /// <summary>The shape over which several are broadcast; null when one rank is unknown.</summary>
    public static Shape? Broadcast(SymbolTable symbols, params IEnumerable<Shape?> shapes)
    {
        Shape? result = null;
        foreach (var shape in shapes)
        {
            if (shape is null)
                return null;
            result = result is null ? shape : Broadcast(symbols, result, shape);
        }
        return result;
    }

    /// <summary>The axis counted from the front; null when the shape has no such axis.</summary>
    public static int? Axis(long axis, int rank) => axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : null;

    /// <summary>The axes counted from the front; null when one is outside.</summary>
    public static int[]? Axes(IEnumerable<long> axes, int rank)
    {
        var normal = axes.Select(axis => Axis(axis, rank)).ToArray();
        return normal.Contains(null) ? null : [.. normal.Select(axis => axis!.Value)];
    }

    public static Shape UnknownOfRank(long rank) => new([.. Enumerable.Repeat(Dimension.Unknown, (int)rank)]);

    /// <summary>The shape with one axis of another length.</summary>
    public static Shape With(this Shape shape, int axis, Dimension length) => new(shape.Dimensions.SetItem(axis, length));

    /// <summary>The length that several axes have in common, which they must: a number when one says so, else the first symbol.</summary>
    public static Dimension Common(params IEnumerable<Dimension> lengths)
    {
        var all = lengths.ToList();
        return all.Find(length => length.Value is not null) is { Value: not null } number ? number : all.Find(SymbolTable.IsKnown);
    }

    /// <summary>What is true of both: axes on which they differ become unknown.</summary>
    public static TensorType? Join(TensorType? left, TensorType? right)
    {
        if (left is null || right is null || left.ElementType != right.ElementType)
            return null;
        return left.Equals(right) ? left : new TensorType(left.ElementType, Join(left.Shape, right.Shape));
    }

    private static Shape? Join(Shape? left, Shape? right) => left is null || right is null || left.Rank != right.Rank
        ? null
        : new([.. left.Dimensions.Zip(right.Dimensions, (mine, its) => mine == its ? mine : Dimension.Unknown)]);

    private static Shape Broadcast(SymbolTable symbols, Shape left, Shape right)
    {
        if (left.Equals(right) && left.IsKnown)
            return left;
        var rank = Math.Max(left.Rank, right.Rank);
        return new([.. Enumerable.Range(0, rank).Select(axis => symbols.Broadcast(Aligned(left, axis), Aligned(right, axis)))]);

        Dimension Aligned(Shape shape, int axis) => axis < rank - shape.Rank ? 1 : shape.Dimensions[axis - (rank - shape.Rank)];
    }
}
