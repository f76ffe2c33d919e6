using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>The same elements in another shape.</summary>
internal static class ShapeChannels
{
    public static void Reshape(NodeChannels node)
    {
        if (node.In(0) is not { Shape: not null } from || node.Out() is not { Shape: not null } to)
            return;
        new ReshapedAxes(node, from, to).Join();
        for (var axis = 0; node.Node.Is("Reshape") && axis < to.Rank; axis++)
            HoldUnlessSet(node, to, axis);
    }

    public static void Squeeze(NodeChannels node)
    {
        if (node.In(0) is not { Shape: { } shape } data)
            return;
        var gone = AxesOperand.Resolved(node.Node, node.Opset)
            ?? (node.In(1) is null ? [.. Enumerable.Range(0, shape.Rank).Where(axis => shape[axis].Value == 1).Select(axis => (long)axis)] : null);
        if (gone is not null)
            JoinOthers(node, node.Out(), data, gone);
    }

    public static void Unsqueeze(NodeChannels node)
    {
        if (node.Out() is { Shape: not null } result && AxesOperand.Resolved(node.Node, node.Opset) is { } added)
            JoinOthers(node, node.In(0), result, added);
    }

    public static void Transpose(NodeChannels node)
    {
        if (Permutation.Of(node.Node) is not { } order)
            return;
        for (var axis = 0; axis < order.Length; axis++)
            node.Join(node.In(0), (int)order[axis], node.Out(), axis);
    }

    public static void Expand(NodeChannels node)
    {
        if (node.Out() is not { Rank: { } rank } result)
            return;
        node.Broadcast(node.In(0), result);
        for (var axis = 0; axis < rank; axis++)
        {
            node.Allow(result, axis);
            // The shape that is asked for may have fewer axes than the data.
            HoldUnlessSet(node, result, axis);
        }
    }

    /// <summary>Lengths that nobody reads may be any.</summary>
    public static void Shape(NodeChannels node)
    {
        if (node.In(0) is not { Rank: { } rank } data)
            return;
        var read = ReadLengths(node.Node, rank);
        for (var axis = 0; axis < rank && read is not null; axis++)
            if (!read.Contains(axis))
                node.Allow(data, axis);
        node.Allow(node.Out(), 0);
    }

    /// <summary>Null when somebody reads them all.</summary>
    private static HashSet<int>? ReadLengths(Node shape, int rank)
    {
        var start = (int)Math.Clamp(FromEnd(shape.Attributes.GetInt("start", 0), rank), 0, rank);
        var end = (int)Math.Clamp(FromEnd(shape.Attributes.GetInt("end", rank), rank), start, rank);
        if (end - start <= 1)
            return [.. Enumerable.Range(start, end - start)];
        var read = new HashSet<int>();
        foreach (var use in shape.Output().Uses)
            if (use.User.Is("Gather") && use.Index == 0 && use.User.Input(1)?.Constant is { } indices)
                read.UnionWith(indices.AsInt64s().Select(index => start + (int)FromEnd(index, end - start)));
            else
                return null;
        return read;
    }

    private static long FromEnd(long place, int length) => place < 0 ? place + length : place;

    private static void HoldUnlessSet(NodeChannels node, Operand result, int axis)
    {
        if (node.In(1) is { Shape: { } shape } numbers && shape[0].Value == result.Rank && !ShapeNumbers.CanSet(numbers.Value, axis))
            node.Hold(result, axis, "their number is computed for");
        else if (node.In(1)?.Shape?[0].Value != result.Rank)
            node.Hold(result, axis, "their number is computed for");
    }

    /// <summary>Joins the axes of the one without some with all of those of the other but these.</summary>
    private static void JoinOthers(NodeChannels node, Operand? shorter, Operand longer, long[] without)
    {
        var place = 0;
        for (var axis = 0; axis < longer.Rank; axis++)
            if (!without.Contains(axis))
                node.Join(longer, axis, shorter, place++);
    }
}
