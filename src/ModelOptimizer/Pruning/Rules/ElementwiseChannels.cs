namespace ModelOptimizer.Pruning;

/// <summary>Element by element, with operands that are spread over the result.</summary>
internal static class ElementwiseChannels
{
    public static void Each(NodeChannels node)
    {
        // Before opset 7 an attribute told where the second operand is aligned.
        if (node.Node.Attributes.Has("axis") || node.Node.Attributes.Has("broadcast"))
            return;
        for (var slot = 0; slot < node.Node.Inputs.Count; slot++)
            node.Broadcast(node.In(slot), node.Out());
    }

    public static void Dropout(NodeChannels node)
    {
        node.JoinAll(node.In(0), node.Out());
        node.JoinAll(node.In(0), node.Out(1));
    }

    /// <summary>One scale for the tensor, or one for each place along an axis; blocks of several places stay.</summary>
    public static void Quantization(NodeChannels node)
    {
        if (node.In(1)?.Rank > 1)
            return;
        node.JoinAll(node.In(0), node.Out());
        if (node.In(1)?.Rank != 1)
            return;
        var axis = (int)node.Node.Attributes.GetInt("axis", 1);
        node.Join(node.In(1), 0, node.In(0), axis);
        node.Join(node.In(2), 0, node.In(0), axis);
    }
}
