using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Opset 21: GroupNormalization has a scale and bias for each channel, no longer for each group.</summary>
internal static class GroupScales
{
    public static Outcome PerChannel(Node node, OpsetStep step)
    {
        if (node.Input(0)?.Type is not { Shape: { Rank: > 1 } shape, ElementType: var type } || shape[1].Value is not { } channels)
            return Outcome.Refused("the number of its channels is not known");
        if (node.Attributes.TryGetInt("num_groups") is not { } groups || groups < 1 || channels % groups != 0)
            return Outcome.Refused("its groups don't divide the channels");
        node.SetInput(1, Repeat(node, node.Input(1)!, groups, channels / groups, step));
        node.SetInput(2, Repeat(node, node.Input(2)!, groups, channels / groups, step));
        // Half-precision sums would be taken in float from now on.
        if (type != DataType.Float)
            node.Attributes.Set("stash_type", (long)type);
        return Outcome.Done;
    }

    /// <summary>[groups] to [groups, 1] to [groups, times] to [groups · times].</summary>
    private static Value Repeat(Node node, Value perGroup, long groups, long times, OpsetStep step)
    {
        var graph = node.Graph!;
        var column = graph.Insert(node, "Reshape", [perGroup, step.Int64s(node, "column", groups, 1)]);
        var matrix = graph.Insert(node, "Expand", [column.Output(), step.Int64s(node, "groups", groups, times)]);
        return graph.Insert(node, "Reshape", [matrix.Output(), step.Int64s(node, "channels", groups * times)]).Output();
    }
}
