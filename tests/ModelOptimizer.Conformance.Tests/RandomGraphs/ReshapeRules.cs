using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Steps that change the axes and leave the elements where they are, with the redundancy of exporters.</summary>
internal static class ReshapeRules
{
    public static Rule[] All => [MergeAxes, SplitAxis, ReshapeChain, Unsqueeze, Squeeze, UnsqueezeChain, UnsqueezeChain, Expand, Nothing];

    /// <summary>Joins the last axes, by Reshape or Flatten.</summary>
    private static void MergeAxes(Scope scope)
    {
        if (scope.Find(item => item.Rank >= 2 && item.Axes[1..].All(axis => axis.Value is not null)) is not { } x)
            return;
        var rest = x.Axes[1..].Aggregate(1L, (product, axis) => product * axis.Value!.Value);
        var value = scope.OneIn(3)
            ? scope.Builder.Op("Flatten", [x.Value], ("axis", 1L))
            : scope.Builder.Op("Reshape", x.Value, scope.Int64s(scope.Pick<long[]>([0, rest], [-1, rest])));
        scope.Add(new Item(value, x.Type, x.Axes[0], rest));
    }

    /// <summary>Cuts the last axis into two.</summary>
    private static void SplitAxis(Scope scope)
    {
        if (scope.Find(item => item.Rank is 1 or 2 or 3 && item.Axes[^1].Value is > 2 and var last && last % 2 == 0) is not { } x)
            return;
        var half = x.Length(x.Rank - 1) / 2;
        var kept = Enumerable.Repeat(0L, x.Rank - 1);
        var value = scope.Builder.Op("Reshape", x.Value, scope.Int64s([.. kept, scope.Pick(2, -1), half]));
        scope.Add(new Item(value, x.Type, [.. x.Axes[..^1], 2, half]));
    }

    /// <summary>A Reshape whose outcome the next one ignores, and back to where it came from.</summary>
    private static void ReshapeChain(Scope scope)
    {
        if (scope.Find(item => item.Rank >= 2 && item.Axes[1..].All(axis => axis.Value is not null)) is not { } x)
            return;
        var flat = scope.Builder.Op("Reshape", x.Value, scope.Int64s(-1));
        var inner = x.IsFloat && scope.OneIn(3) ? ElementwiseRules.Apply(scope, flat) : flat;
        scope.Add(x.With(scope.Builder.Op("Reshape", inner, scope.Int64s([-1, .. x.Axes[1..].Select(axis => axis.Value!.Value)]))));
    }

    private static void Unsqueeze(Scope scope)
    {
        if (scope.Find(item => item.Rank < 4) is { } x)
            scope.Add(Unsqueeze(scope, x, scope.Draw.Next(x.Rank + 1)));
    }

    private static void Squeeze(Scope scope)
    {
        if (scope.Find(item => item.Axes.Any(axis => axis.Value == 1)) is { } x)
            scope.Add(Squeeze(scope, x, Array.FindIndex(x.Axes, axis => axis.Value == 1)));
    }

    /// <summary>Two in a row, or one undone.</summary>
    private static void UnsqueezeChain(Scope scope)
    {
        if (scope.Find(item => item.Rank < 3) is not { } x)
            return;
        var first = Unsqueeze(scope, x, scope.Draw.Next(x.Rank + 1));
        scope.Add(scope.OneIn(2)
            ? Unsqueeze(scope, first, scope.Draw.Next(first.Rank + 1))
            : Squeeze(scope, first, Array.FindIndex(first.Axes, axis => axis.Value == 1)));
    }

    /// <summary>To its own shape, or along an axis of length 1.</summary>
    private static void Expand(Scope scope)
    {
        if (scope.FindAny(1) is not { } x)
            return;
        var axis = Array.FindIndex(x.Axes, axis => axis.Value == 1);
        var shape = Enumerable.Repeat(1L, x.Rank).ToArray();
        if (axis < 0)
        {
            scope.Add(x.With(scope.Builder.Op("Expand", x.Value, scope.Int64s(scope.OneIn(2) ? shape : [1]))));
            return;
        }
        shape[axis] = 3;
        scope.Add(x.With(scope.Builder.Op("Expand", x.Value, scope.Int64s(shape)), axis, 3));
    }

    private static void Nothing(Scope scope)
    {
        if (scope.FindAny(0) is { } x)
            scope.Add(x.With(x.IsFloat && scope.OneIn(2) ? scope.Builder.Node("Dropout", [x.Value], scope.Pick(1, 2)).Output() : scope.Builder.Op("Identity", x.Value)));
    }

    private static Item Unsqueeze(Scope scope, Item x, int axis) =>
        x with { Value = scope.Unsqueeze(x.Value, axis), Axes = [.. x.Axes[..axis], 1, .. x.Axes[axis..]] };

    private static Item Squeeze(Scope scope, Item x, int axis) =>
        x with { Value = scope.Squeeze(x.Value, axis), Axes = [.. x.Axes[..axis], .. x.Axes[(axis + 1)..]] };
}
