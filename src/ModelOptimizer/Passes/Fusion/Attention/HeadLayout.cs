using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// The two layouts of attention heads: side by side in rows, <c>[batch, length, heads · size]</c>, as matrix products leave them, and apart,
/// <c>[batch, heads, length, size]</c>, as they are multiplied with each other.
/// </summary>
internal static class HeadLayout
{
    private static readonly long[] Swapped = [0, 2, 1, 3];

    public static bool IsTranspose(Node? node, params ReadOnlySpan<long> permutation) =>
        node?.Is("Transpose") == true && node.Attributes.TryGetInts("perm") is { } perm && perm.AsSpan().SequenceEqual(permutation);

    /// <summary>Whether heads, <c>[batch, heads, length, size]</c>, can be put side by side for nothing: a transposition took them apart, or the length is 1.</summary>
    public static bool IsJoinable(Value apart) => apart.Type?.Shape is { Rank: 4 } shape && shape[1].Value is > 0 && shape[3].Value is > 0
        && (shape[2].Value == 1 || (RowsBehind(apart) is { } rows && OfRows(rows) is not null));

    /// <summary>Heads that are <see cref="IsJoinable"/>, side by side.</summary>
    public static Value Join(Value apart, Node before)
    {
        if (RowsBehind(apart) is { } rows && OfRows(rows) is not null)
            return JoinRows(rows, before);
        var shape = apart.Type!.Shape!;
        return Reshaped(apart, new Shape([shape[0], 1, shape[1].Value!.Value * shape[3].Value!.Value]), before);
    }

    /// <summary>Number and size of the heads in <c>[batch, length, heads, size]</c>; null when they are not fixed.</summary>
    public static (long Heads, long Size)? OfRows(Value rows) =>
        rows.Type?.Shape is { Rank: 4 } shape && shape[2].Value is > 0 and var heads && shape[3].Value is > 0 and var size ? (heads, size) : null;

    /// <summary>The heads of <c>[batch, length, heads, size]</c> side by side.</summary>
    public static Value JoinRows(Value rows, Node before)
    {
        var (heads, size) = OfRows(rows)!.Value;
        var shape = rows.Type!.Shape!;
        return Reshaped(rows, new Shape([shape[0], shape[1], heads * size]), before);
    }

    /// <summary>Heads side by side, taken apart: the inverse of <see cref="Join"/>.</summary>
    public static Value Split(Value joined, long heads, long size, Node before)
    {
        var graph = before.Graph!;
        var rows = graph.Insert(before, "Reshape", [joined, Target(graph, heads, size)]).Output();
        var apart = graph.Insert(before, "Transpose", [rows]);
        apart.Attributes.Set("perm", Swapped);
        if (joined.Type is { Shape: { } shape } type)
            Typed(rows, type.ElementType, new Shape([shape[0], shape[1], heads, size]));
        return apart.Output();
    }

    /// <summary>The rows of heads, <c>[batch, length, heads, size]</c>, that a transposition took apart; null when they come otherwise.</summary>
    private static Value? RowsBehind(Value apart) => IsTranspose(apart.Producer, Swapped) && apart.Producer!.Graph == apart.Graph ? apart.Producer.Input(0) : null;

    /// <summary>What was reshaped into the value, where that has the shape already, or a Reshape of the value.</summary>
    public static Value Reshaped(Value value, Shape joined, Node before)
    {
        if (value.Producer is { } split && split.Is("Reshape") && split.Input(0) is { Type.Shape: { IsKnown: true } source } original && source.Equals(joined))
            return original;
        var target = before.Graph!.AddConstant("shape", Tensor.Create([3], 0L, joined[1].Value ?? 0, joined[2].Value!.Value));
        return Typed(before.Graph!.Insert(before, "Reshape", [value, target]).Output(), value.Type!.ElementType, joined);
    }

    /// <summary>A zero leaves the axis as it is.</summary>
    private static Value Target(Graph graph, params long[] lastAxes) =>
        graph.AddConstant("shape", Tensor.Create([2 + lastAxes.Length], [0L, 0L, .. lastAxes]));

    private static Value Typed(Value value, DataType type, Shape shape)
    {
        value.Infer(new TensorType(type, shape));
        return value;
    }
}
