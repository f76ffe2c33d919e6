using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Slice: parts of axes, from start to before end in steps, negative numbers counting from the end.</summary>
internal static class SliceRules
{
    public static void Slice(NodeTyping node)
    {
        var shape = node.Shape(0);
        if (shape is null || Cuts.Of(node, shape.Rank) is not { } cuts)
        {
            node.Set(node.ElementType(0), shape is null ? null : ShapeMath.UnknownOfRank(shape.Rank));
            return;
        }
        var lengths = shape.Dimensions.ToArray();
        for (var i = 0; i < cuts.Axes.Length; i++)
            lengths[cuts.Axes[i]] = Length(node.Symbols, lengths[cuts.Axes[i]], cuts.Starts[i], cuts.Ends[i], cuts.Steps[i]);
        node.Set(node.ElementType(0), lengths);
        if (node.Elements(0) is { } elements && cuts.Axes is [0])
            node.SetElements(Picked(elements, cuts.Starts[0].Value, cuts.Ends[0].Value, cuts.Steps[0].Value));
    }

    /// <summary>How many elements the part has.</summary>
    private static Dimension Length(SymbolTable symbols, Dimension length, Dimension start, Dimension end, Dimension step)
    {
        if (step.Value is not { } stride || stride == 0)
            return Dimension.Unknown;
        if (length.Value is { } count && start.Value is { } from && end.Value is { } to)
            return Range(count, from, to, stride).Count;
        if (stride < 0)
            // Only all of it backwards is clear without the numbers.
            return stride == -1 && (start.Value is -1 or >= int.MaxValue) && end.Value <= int.MinValue ? length : Dimension.Unknown;
        // A start behind the end leaves nothing, so it needn't be held to the length.
        var first = symbols.IsAtLeast(start, 0) ? start : Place(symbols, start, length);
        var last = Place(symbols, end, length);
        return symbols.Max(0, symbols.CeilingDivide(symbols.Subtract(last, first), stride));
    }

    /// <summary>Where a bound lies, for steps forwards: between 0 and the length.</summary>
    private static Dimension Place(SymbolTable symbols, Dimension bound, Dimension length)
    {
        if (bound.Value >= int.MaxValue)
            return length;
        if (symbols.IsAtLeast(bound, 0))
            return symbols.Min(bound, length);
        return symbols.IsAtLeast(-1, bound) ? symbols.Max(0, symbols.Add(bound, length)) : Dimension.Unknown;
    }

    private static IEnumerable<Dimension>? Picked(ImmutableArray<Dimension> elements, long? start, long? end, long? step)
    {
        if (start is null || end is null || step is null or 0)
            return null;
        var (first, count) = Range(elements.Length, start.Value, end.Value, step.Value);
        return Enumerable.Range(0, count).Select(i => elements[(int)(first + i * step.Value)]);
    }

    private static (long First, int Count) Range(long length, long start, long end, long step)
    {
        if (length == 0)
            return (0, 0);
        var first = Math.Clamp(start < 0 ? start + length : start, 0, step > 0 ? length : length - 1);
        var last = Math.Clamp(end < 0 ? end + length : end, step > 0 ? 0 : -1, step > 0 ? length : length - 1);
        var count = step > 0 ? Polynomial.FloorDiv(checked(last - first + step - 1), step) : Polynomial.FloorDiv(checked(first - last - step - 1), -step);
        return (first, (int)Math.Clamp(count, 0, int.MaxValue));
    }

    /// <summary>What is cut where: attributes before opset 10, inputs since.</summary>
    private sealed record Cuts(int[] Axes, ImmutableArray<Dimension> Starts, ImmutableArray<Dimension> Ends, ImmutableArray<Dimension> Steps)
    {
        public static Cuts? Of(NodeTyping node, int rank)
        {
            var (starts, ends) = (Bounds(node, "starts", 1), Bounds(node, "ends", 2));
            if (starts is null || ends is null || starts.Value.Length != ends.Value.Length)
                return null;
            var count = starts.Value.Length;
            var named = node.Opset < 10 ? node.Attribute("axes") : node.Int64s(3);
            if (named is null && node.Opset >= 10 && node.HasInput(3))
                return null;
            var axes = ShapeMath.Axes(named ?? [.. Enumerable.Range(0, count).Select(axis => (long)axis)], rank);
            var steps = node.Opset >= 10 && node.HasInput(4) ? node.Elements(4) : [.. Enumerable.Repeat((Dimension)1, count)];
            return axes?.Length == count && steps?.Length == count ? new(axes, starts.Value, ends.Value, steps.Value) : null;
        }

        private static ImmutableArray<Dimension>? Bounds(NodeTyping node, string attribute, int input) =>
            node.Opset >= 10 ? node.Elements(input) : node.Attribute(attribute)?.Select(bound => (Dimension)bound).ToImmutableArray();
    }
}
