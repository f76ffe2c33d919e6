using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Steps that cut values up, choose from them and put them together.</summary>
internal static class SelectionRules
{
    public static Rule[] All => [Slice, Slice, SliceChain, Concat, ConcatNested, SplitAndConcat, SplitAndConcat, Split, Pad, Gather, Tile];

    private static void Slice(Scope scope)
    {
        if (scope.FindAny(1) is { } x)
            scope.Add(Slice(scope, x));
    }

    private static void SliceChain(Scope scope)
    {
        if (scope.FindAny(1) is { } x)
            scope.Add(Slice(scope, Slice(scope, x)));
    }

    private static void Concat(Scope scope)
    {
        if (scope.FindAny(1) is { FixedAxes: [_, ..] and var axes } x)
            scope.Add(Concat(scope, scope.Pick(axes), [.. Enumerable.Repeat(x, scope.Draw.Next(1, 3))]));
    }

    private static void ConcatNested(Scope scope)
    {
        if (scope.FindAny(1) is not { FixedAxes: [_, ..] and var axes } x)
            return;
        var axis = scope.Pick(axes);
        var inner = Concat(scope, axis, x, x);
        scope.Add(scope.OneIn(2) ? Concat(scope, axis, inner, x) : Concat(scope, axis, x, inner));
    }

    /// <summary>Cuts a value up and puts it together again: the same, or in another order.</summary>
    private static void SplitAndConcat(Scope scope)
    {
        if (Halves(scope) is not var (x, axis, halves))
            return;
        Item[] parts = scope.OneIn(3) ? [halves[1], halves[0]] : halves;
        if (parts[0].IsFloat && scope.OneIn(3))
            parts = [parts[0].With(ElementwiseRules.Apply(scope, parts[0].Value)), parts[1]];
        scope.Add(Concat(scope, axis, parts) with { Axes = x.Axes });
    }

    private static void Split(Scope scope)
    {
        if (Halves(scope) is not var (_, _, halves))
            return;
        scope.Add(halves[0]);
        if (scope.OneIn(2))
            scope.Add(halves[1]);
    }

    private static (Item X, int Axis, Item[] Halves)? Halves(Scope scope)
    {
        if (scope.Find(item => item.FixedAxes.Any(axis => item.Length(axis) > 1)) is not { } x)
            return null;
        var axis = x.FixedAxes.First(axis => x.Length(axis) > 1);
        var (all, first) = (x.Length(axis), x.Length(axis) / 2);
        if (scope.OneIn(3))
            return (x, axis, [Cut(scope, x, axis, 0, first), Cut(scope, x, axis, first, all)]);
        var node = scope.Split(x.Value, axis, first, all - first);
        return (x, axis, [x.With(node.Output(0), axis, first), x.With(node.Output(1), axis, all - first)]);
    }

    private static void Pad(Scope scope)
    {
        if (scope.FindFloat(1) is { FixedAxes.Length: > 0 } x)
            scope.Add(scope.OneIn(3) ? Pad(scope, Pad(scope, x)) : Pad(scope, x));
    }

    private static Item Pad(Scope scope, Item x)
    {
        var (axis, before, after) = (scope.Pick(x.FixedAxes), scope.Pick(0, 1), scope.Pick(0, 1));
        var pads = new long[2 * x.Rank];
        (pads[axis], pads[axis + x.Rank]) = (before, after);
        var filler = scope.OneIn(2) ? null : scope.Fill([], scope.Pick(0f, 1));
        return x.With(scope.Builder.Op("Pad", x.Value, scope.Int64s(pads), filler), axis, x.Length(axis) + before + after);
    }

    private static void Gather(Scope scope)
    {
        if (scope.FindAny(1) is not { FixedAxes: [_, ..] and var axes } x)
            return;
        var axis = scope.Pick(axes);
        var last = x.Length(axis) - 1;
        scope.Add(scope.OneIn(2)
            ? x with { Value = Gather(scope.Constant(Tensor.Create([], scope.Pick(0, last, -1)))), Axes = [.. x.Axes[..axis], .. x.Axes[(axis + 1)..]] }
            : x.With(Gather(scope.Int64s(last, 0)), axis, 2));

        Value Gather(Value indices) => scope.Builder.Op("Gather", [x.Value, indices], ("axis", (long)axis));
    }

    private static void Tile(Scope scope)
    {
        if (scope.FindAny(1) is not { FixedAxes: [_, ..] and var axes } x)
            return;
        var (axis, times) = (scope.Pick(axes), scope.Pick(1L, 2));
        var repeats = Enumerable.Repeat(1L, x.Rank).ToArray();
        repeats[axis] = times;
        scope.Add(x.With(scope.Builder.Op("Tile", x.Value, scope.Int64s(repeats)), axis, x.Length(axis) * times));
    }

    /// <summary>A part of an axis whose length is a number, else all of it.</summary>
    private static Item Slice(Scope scope, Item x)
    {
        var axis = scope.Draw.Next(x.Rank);
        if (x.Axes[axis].Value is not { } length || length == 0)
            return x.With(Cut(scope, x, axis, 0, long.MaxValue).Value);
        if (scope.OneIn(4))
            return x.With(Cut(scope, x, axis, -1, -1 - length, step: -1).Value);
        var (from, to) = (scope.Draw.Next((int)length), length - scope.Draw.Next(2));
        return Cut(scope, x, axis, from, Math.Max(from + 1, to));
    }

    private static Item Cut(Scope scope, Item x, int axis, long from, long to, long step = 1) => x.With(scope.Builder.Op("Slice",
        x.Value, scope.Int64s(from), scope.Int64s(to), scope.Int64s(axis), scope.Int64s(step)), axis, to - from);

    private static Item Concat(Scope scope, int axis, params Item[] parts) => parts[0].With(
        scope.Builder.Op("Concat", [.. parts.Select(part => part.Value)], ("axis", (long)axis)), axis, parts.Sum(part => part.Length(axis)));
}
