namespace ModelOptimizer.Pruning;

/// <summary>Convolutions, in groups or not, and pooling.</summary>
internal static class ConvolutionChannels
{
    public static void Conv(NodeChannels node)
    {
        if (Groups(node, weightAxis: 0) is not { } groups)
            return;
        node.Join(node.In(0), 0, node.Out(), 0);
        node.Join(node.In(2), 0, node.Out(), 1);
        node.Join(node.In(1), 0, node.Out(), 1);
        if (groups == 1)
            node.Join(node.In(0), 1, node.In(1), 1);
        else
            Grouped(node, groups, summed: 1);
    }

    /// <summary>com.microsoft: what is added stands fourth.</summary>
    public static void FusedConv(NodeChannels node)
    {
        Conv(node);
        node.JoinAll(node.In(3), node.Out());
    }

    public static void ConvTranspose(NodeChannels node)
    {
        if (Groups(node, weightAxis: 0) is not { } groups)
            return;
        node.Join(node.In(0), 0, node.Out(), 0);
        node.Join(node.In(2), 0, node.Out(), 1);
        node.Join(node.In(0), 1, node.In(1), 0);
        if (groups == 1)
            node.Join(node.In(1), 1, node.Out(), 1);
        else
            Grouped(node, groups, summed: 0);
    }

    /// <summary>Each channel by itself.</summary>
    public static void Pool(NodeChannels node)
    {
        if (node.Out(1) is not null)
            return;
        node.Join(node.In(0), 0, node.Out(), 0);
        node.Join(node.In(0), 1, node.Out(), 1);
    }

    private static int? Groups(NodeChannels node, int weightAxis)
    {
        if (node.In(1)?.Shape is not { Rank: >= 3 } weight || weight[weightAxis].Value is not { } length)
            return null;
        var groups = node.Node.Attributes.GetInt("group", 1);
        return groups >= 1 && length % groups == 0 ? (int)groups : null;
    }

    /// <summary>
    /// Groups stay equally wide: a channel goes together with those at the same place in every other group. Where each group has one channel, the
    /// group goes.
    /// </summary>
    /// <param name="summed">The axis of the weight that the inputs stand on.</param>
    private static void Grouped(NodeChannels node, int groups, int summed)
    {
        if (node.Range(node.In(0), 1) is not { } inputs || node.Range(node.Out(), 1) is not { } outputs
            || inputs.Count % groups != 0 || outputs.Count % groups != 0)
        {
            node.Hold(node.In(0), 1, "groups can't be told apart at");
            node.Hold(node.Out(), 1, "groups can't be told apart at");
            return;
        }
        var (wide, made) = (inputs.Count / groups, outputs.Count / groups);
        if (wide == 1)
        {
            for (var place = 0; place < outputs.Count; place++)
                node.Unite(inputs, place / made, outputs, place);
            // Of a transposed one the weight has an axis of its own for what a group makes, which stays.
            return;
        }
        for (var place = wide; place < inputs.Count; place++)
            node.Unite(inputs, place % wide, inputs, place);
        for (var place = made; place < outputs.Count; place++)
            node.Unite(outputs, place % made, outputs, place);
        // The axis of the weight that is as wide as one group.
        if (node.Range(node.In(1), 1) is { } weight)
            node.JoinParts(weight, 0, summed == 1 ? inputs : outputs, 0, weight.Count);
    }
}
