using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Computations with shapes, as exporters write them out.</summary>
internal static class ShapeRules
{
    public static Rule[] All => [ReshapeByShape, ReshapeByShape, ReshapeLike, ExpandLike, FillLike, DivideByLength, Range, SliceToLength];

    /// <summary>Shape, Gather, Unsqueeze, Concat, Reshape: joins all axes but the first, keeping that by its computed length.</summary>
    private static void ReshapeByShape(Scope scope)
    {
        if (scope.Find(item => item.Rank >= 2 && item.Axes[1..].All(axis => axis.Value is not null)) is not { } x)
            return;
        var rest = x.Axes[1..].Aggregate(1L, (product, axis) => product * axis.Value!.Value);
        var target = scope.Builder.Op("Concat", [Axis(scope, x, 0), scope.Int64s(scope.OneIn(2) ? -1 : rest)], ("axis", 0L));
        scope.Add(new Item(scope.Builder.Op("Reshape", x.Value, target), x.Type, x.Axes[0], rest));
    }

    /// <summary>Flat and back to the shape it had, or that of another of the same shape.</summary>
    private static void ReshapeLike(Scope scope)
    {
        if (scope.FindAny(1) is not { } x || scope.Find(item => item.Axes.SequenceEqual(x.Axes)) is not { } like)
            return;
        var flat = scope.Builder.Op("Reshape", x.Value, scope.Int64s(-1));
        scope.Add(x.With(scope.Builder.Op("Reshape", flat, scope.Builder.Op("Shape", like.Value))));
    }

    private static void ExpandLike(Scope scope)
    {
        if (scope.FindFloat() is not { } like || scope.Find(item => item.SpreadsOver(like)) is not { } x)
            return;
        scope.Add(x with { Value = scope.Builder.Op("Expand", x.Value, scope.Builder.Op("Shape", like.Value)), Axes = like.Axes });
    }

    private static void FillLike(Scope scope)
    {
        if (scope.FindFloat() is not { } x)
            return;
        var fill = scope.Builder.Op("ConstantOfShape", [scope.Builder.Op("Shape", x.Value)], ("value", Tensor.Create([1], scope.Pick(0f, 1, 0.5f))));
        scope.Add(x.With(scope.OneIn(2) ? fill : scope.Builder.Op(scope.Pick("Add", "Mul"), x.Value, fill)));
    }

    /// <summary>As attention divides by the square root of its width.</summary>
    private static void DivideByLength(Scope scope)
    {
        if (scope.Find(item => item.IsFloat && item.Rank > 0 && item.Axes[^1].Value > 0) is not { } x)
            return;
        var g = scope.Builder;
        var length = g.Op("Cast", [Axis(scope, x, x.Rank - 1)], ("to", (long)DataType.Float));
        scope.Add(x.With(g.Op("Div", x.Value, g.Op("Sqrt", length))));
    }

    private static void Range(Scope scope)
    {
        if (scope.FindAny(1) is not { } x)
            return;
        var axis = scope.Draw.Next(x.Rank);
        var length = scope.Squeeze(Axis(scope, x, axis), 0);
        var range = scope.Builder.Op("Range", scope.Constant(Tensor.Create([], 0L)), length, scope.Constant(Tensor.Create([], 1L)));
        scope.Add(new Item(range, DataType.Int64, x.Axes[axis]));
    }

    /// <summary>All of an axis, up to its computed length.</summary>
    private static void SliceToLength(Scope scope)
    {
        if (scope.FindAny(1) is not { } x)
            return;
        var axis = scope.Draw.Next(x.Rank);
        scope.Add(x.With(scope.Builder.Op("Slice", x.Value, scope.Int64s(0), Axis(scope, x, axis), scope.Int64s(axis))));
    }

    /// <summary>The length of one axis as a vector of one, by one of the ways that exporters take.</summary>
    private static Value Axis(Scope scope, Item x, int axis)
    {
        var shape = scope.Builder.Op("Shape", x.Value);
        return scope.Draw.Next(3) switch
        {
            0 => scope.Unsqueeze(scope.Builder.Op("Gather", shape, scope.Constant(Tensor.Create([], (long)axis))), 0),
            1 => scope.Builder.Op("Slice", shape, scope.Int64s(axis), scope.Int64s(axis + 1)),
            _ => scope.Builder.Op("Gather", shape, scope.Int64s(axis)),
        };
    }
}
