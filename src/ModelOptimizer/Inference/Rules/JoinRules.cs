using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>Operators that put tensors together, take them apart or repeat them.</summary>
internal static class JoinRules
{
    public static void Concat(NodeTyping node)
    {
        var shapes = Enumerable.Range(0, node.InputCount).Select(node.Shape).ToArray();
        node.Set(node.ElementType(0), Concatenated(node, shapes));
        var elements = Enumerable.Range(0, node.InputCount).Select(node.Elements).ToArray();
        if (elements.All(part => part is not null) && shapes.All(shape => shape is { Rank: 1 }))
            node.SetElements(elements.SelectMany(part => part!.Value.AsEnumerable()));
    }

    public static void Split(NodeTyping node)
    {
        var (shape, elements) = (node.Shape(0), node.Elements(0));
        if (shape is null || ShapeMath.Axis(node.Attribute("axis", 0), shape.Rank) is not { } axis || Parts(node, shape[axis]) is not { } parts)
        {
            for (var i = 0; i < node.OutputCount; i++)
                node.Set(i, node.ElementType(0), shape is null ? null : ShapeMath.UnknownOfRank(shape.Rank));
            return;
        }
        var place = 0L;
        for (var i = 0; i < node.OutputCount; i++)
        {
            node.Set(i, node.ElementType(0), shape.With(axis, parts[i]));
            if (elements is { } all && parts.All(part => part.Value is not null) && place + parts[i].Value!.Value <= all.Length)
                node.SetElements(all[(int)place..(int)(place += parts[i].Value!.Value)], i);
        }
    }

    public static void Expand(NodeTyping node)
    {
        var target = node.Elements(1);
        if (target is { } lengths)
            node.Set(node.ElementType(0), ShapeMath.Broadcast(node.Symbols, node.Shape(0), new Shape(lengths)));
        else
            node.Set(node.ElementType(0), UnknownTarget(node));
        if (node.Elements(0) is [var only] && target is [{ Value: >= 0 and <= ElementMap.Longest } count])
            node.SetElements(Enumerable.Repeat(only, (int)count.Value!.Value));
        else if (target is [] or [{ Value: 1 }])
            node.SetElements(node.Elements(0));
    }

    /// <summary>Opset 1 repeated along one axis.</summary>
    public static void Tile(NodeTyping node)
    {
        var shape = node.Shape(0);
        if (shape is null || node.Opset < 6)
            node.Set(node.ElementType(0), shape is null ? null : ShapeMath.UnknownOfRank(shape.Rank));
        else if (node.Elements(1) is { } repeats && repeats.Length == shape.Rank)
            node.Set(node.ElementType(0), shape.Dimensions.Zip(repeats, node.Symbols.Multiply));
        else
            node.Set(node.ElementType(0), ShapeMath.UnknownOfRank(shape.Rank));
        if (node.Elements(0) is { } elements && node.Int64(1) is { } times and >= 0 && times * elements.Length <= ElementMap.Longest && shape is { Rank: 1 })
            node.SetElements(Enumerable.Repeat(elements, (int)times).SelectMany(part => part));
    }

    /// <summary>Lengths in front of each axis, then those behind. Attribute before opset 11; opset 18 brought axes.</summary>
    public static void Pad(NodeTyping node)
    {
        if (node.Shape(0) is not { } shape)
        {
            node.Set(node.ElementType(0), (Shape?)null);
            return;
        }
        var pads = node.Opset >= 11 ? node.Elements(1) : Longs(node.Attribute("pads") ?? node.Attribute("paddings"));
        var axes = node.HasInput(3) ? node.Int64s(3) : [.. Enumerable.Range(0, shape.Rank).Select(axis => (long)axis)];
        if (pads is not { } known || axes is null || ShapeMath.Axes(axes, shape.Rank) is not { } padded || known.Length != 2 * padded.Length)
        {
            node.Set(node.ElementType(0), ShapeMath.UnknownOfRank(shape.Rank));
            return;
        }
        for (var i = 0; i < padded.Length; i++)
            shape = shape.With(padded[i], node.Symbols.Add(shape[padded[i]], node.Symbols.Add(known[i], known[i + padded.Length])));
        node.Set(node.ElementType(0), shape);
    }

    private static ImmutableArray<Dimension>? Longs(long[]? numbers) => numbers?.Select(number => (Dimension)number).ToImmutableArray();

    private static Shape? Concatenated(NodeTyping node, Shape?[] shapes)
    {
        if (shapes.FirstOrDefault(shape => shape is not null) is not { } some || ShapeMath.Axis(node.Attribute("axis", node.Opset < 4 ? 1 : 0), some.Rank) is not { } axis)
            return null;
        var known = shapes.OfType<Shape>().ToList();
        if (known.Exists(shape => shape.Rank != some.Rank))
            return null;
        return new([.. Enumerable.Range(0, some.Rank).Select(i => i != axis
            ? ShapeMath.Common(known.Select(shape => shape[i]))
            : known.Count < shapes.Length ? Dimension.Unknown : node.Symbols.Sum(known.Select(shape => shape[i])))]);
    }

    /// <summary>Lengths of the parts: an attribute before opset 13, then an input; left out, the axis is cut evenly.</summary>
    private static Dimension[]? Parts(NodeTyping node, Dimension length)
    {
        if (node.Opset >= 13 ? node.HasInput(1) : node.Node.Attributes.Has("split"))
        {
            var given = node.Opset >= 13 ? node.Elements(1)?.ToArray() : node.Attribute("split")?.Select(part => (Dimension)part).ToArray();
            return given?.Length == node.OutputCount ? given : null;
        }
        // Old exporters gave the lengths as an input in opset 1.
        if (node.Opset < 2)
            return null;
        var even = node.Symbols.CeilingDivide(length, node.OutputCount);
        var last = node.Symbols.Subtract(length, node.Symbols.Multiply(even, node.OutputCount - 1));
        var isEven = node.Opset < 18 || length.Value % node.OutputCount == 0;
        if (isEven)
            return [.. Enumerable.Repeat(node.Symbols.FloorDivide(length, node.OutputCount), node.OutputCount)];
        return last.Value < 0 ? null : [.. Enumerable.Repeat(even, node.OutputCount - 1), length.Value is null ? Dimension.Unknown : last];
    }

    private static Shape? UnknownTarget(NodeTyping node) => node.Shape(0) is { } shape && node.Shape(1) is { Rank: 1 } target && target[0].Value is { } rank and <= ElementMap.Longest
        ? ShapeMath.UnknownOfRank(Math.Max(rank, shape.Rank))
        : null;
}
