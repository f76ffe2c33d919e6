using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>Sums, means, extremes along axes: these need all of their places, others go through.</summary>
internal static class ReductionChannels
{
    private const string All = "all of them make one number in";
    private const long SumAxesAsInput = 13;
    private const long AxesAsInput = 18;

    public static void Reduce(NodeChannels node)
    {
        var isInput = node.Opset >= (node.Node.Is("ReduceSum") ? SumAxesAsInput : AxesAsInput);
        if (node.In(0) is not { Rank: { } rank } data || (isInput && node.In(1) is { IsConstant: false }))
            return;
        var axes = Operands.Int64s(node.Node, "axes", 1, isInput) ?? [];
        if (axes.Length == 0)
            axes = isInput && node.Node.Attributes.GetInt("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank).Select(axis => (long)axis)];
        Reduce(node, data, [.. axes.Select(axis => axis < 0 ? (int)axis + rank : (int)axis)]);
    }

    public static void Arg(NodeChannels node)
    {
        if (node.In(0) is { } data && NodeChannels.Resolve(data, node.Node.Attributes.GetInt("axis", 0)) is { } axis)
            Reduce(node, data, [axis]);
    }

    private static void Reduce(NodeChannels node, Operand data, HashSet<int> reduced)
    {
        var keeps = node.Node.Attributes.GetInt("keepdims", 1) != 0;
        var result = 0;
        for (var axis = 0; axis < data.Rank; axis++)
        {
            if (reduced.Contains(axis))
                node.Hold(data, axis, All);
            else
                node.Join(data, axis, node.Out(), result);
            result += keeps || !reduced.Contains(axis) ? 1 : 0;
        }
    }
}
