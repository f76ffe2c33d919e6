using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>What makes axes longer or shorter lets those alone that it leaves as they are.</summary>
internal static class SpatialChannels
{
    private const long PadsAsInput = 11;

    public static void Pad(NodeChannels node)
    {
        if (node.In(0) is not { Rank: { } rank } data || node.In(3) is not null
            || Operands.Int64s(node.Node, "pads", 1, node.Opset >= PadsAsInput) is not { } pads || pads.Length != 2 * rank)
            return;
        node.JoinAll(data, node.Out(), axis => pads[axis] != 0 || pads[axis + rank] != 0);
    }

    public static void Tile(NodeChannels node)
    {
        if (node.In(1)?.Value.Constant is not { } counts)
            return;
        var repeats = Operands.AsInt64s(counts);
        node.JoinAll(node.In(0), node.Out(), axis => repeats[axis] != 1);
    }

    /// <summary>Batch and channels, which no picture is resized along.</summary>
    public static void Resize(NodeChannels node)
    {
        if (node.In(0)?.Shape is not { Rank: > 2 } from || node.Out()?.Shape is not { } to || to.Rank != from.Rank || node.Node.Attributes.Has("axes"))
            return;
        node.JoinAll(node.In(0), node.Out(), axis => axis > 1 || !IsKept(node, from, to, axis));
    }

    private static bool IsKept(NodeChannels node, Shape from, Shape to, int axis) => from[axis].Value == to[axis].Value
        && (node.In(3) is not { } sizes || ShapeNumbers.CanSet(sizes.Value, axis));
}
