namespace ModelOptimizer.Pruning;

/// <summary>Normalizations: what they take the statistics over needs all of its places.</summary>
internal static class NormalizationChannels
{
    private const string Statistics = "statistics are taken over all of them by";

    /// <summary>The first opset whose Softmax works on one axis; before, it flattened all from there on.</summary>
    private const long SoftmaxOfOneAxis = 13;

    /// <summary>Scale, bias, mean and variance are given for each channel.</summary>
    public static void Batch(NodeChannels node)
    {
        node.JoinAll(node.In(0), node.Out());
        for (var slot = 1; slot <= 4; slot++)
        {
            node.Join(node.In(slot), 0, node.In(0), 1);
            node.Join(node.Out(slot), 0, node.In(0), 1);
        }
    }

    public static void Instance(NodeChannels node)
    {
        node.JoinAll(node.In(0), node.Out(), axis => axis > 1);
        node.Join(node.In(1), 0, node.In(0), 1);
        node.Join(node.In(2), 0, node.In(0), 1);
    }

    public static void Layer(NodeChannels node)
    {
        if (node.In(0) is not { } data || NodeChannels.Resolve(data, node.Node.Attributes.GetInt("axis", -1)) is not { } first)
            return;
        node.JoinAll(data, node.Out());
        node.Broadcast(node.In(1), data);
        node.Broadcast(node.In(2), data);
        // The mean and the inverse deviation, where they are asked for.
        node.JoinAll(data, node.Out(1), axis => axis >= first);
        node.JoinAll(data, node.Out(2), axis => axis >= first);
        for (var axis = first; axis < data.Rank; axis++)
            node.Hold(data, axis, Statistics);
    }

    public static void SkipLayer(NodeChannels node)
    {
        node.JoinAll(node.In(0), node.Out());
        node.JoinAll(node.In(0), node.Out(3));
        node.JoinAll(node.In(0), node.Out(1), axis => axis == node.In(0)!.Value.Rank - 1);
        node.JoinAll(node.In(0), node.Out(2), axis => axis == node.In(0)!.Value.Rank - 1);
        for (var slot = 1; slot < node.Node.Inputs.Count; slot++)
            node.Broadcast(node.In(slot), node.In(0));
        node.Hold(node.In(0), -1, Statistics);
    }

    public static void Group(NodeChannels node)
    {
        node.Join(node.In(0), 0, node.Out(), 0);
        node.Join(node.In(0), 1, node.Out(), 1);
        node.Hold(node.In(0), 1, Statistics);
    }

    public static void AcrossChannels(NodeChannels node)
    {
        node.JoinAll(node.In(0), node.Out());
        node.Hold(node.In(0), 1, Statistics);
    }

    /// <summary>Along one axis; of one result, or of two alike.</summary>
    public static void Along(NodeChannels node)
    {
        if (node.In(0) is not { } data || Axis(node, data) is not { } first)
            return;
        var flattens = node.Node.Is("Softmax", "LogSoftmax", "Hardmax") && node.Opset < SoftmaxOfOneAxis;
        for (var index = 0; index < node.Node.Outputs.Count; index++)
            node.JoinAll(data, node.Out(index), axis => axis == first || (flattens && axis > first));
        for (var axis = first; axis < (flattens ? data.Rank : first + 1); axis++)
        {
            node.Hold(data, axis, "all of them are compared by");
            node.Hold(node.Out(), axis, "all of them are compared by");
        }
    }

    private static int? Axis(NodeChannels node, Operand data) => node.Node.Is("CumSum")
        ? node.Node.Input(1)?.Constant is { ElementCount: 1 } axis ? NodeChannels.Resolve(data, Passes.Operands.AsInt64s(axis)[0]) : null
        : NodeChannels.Resolve(data, node.Node.Attributes.GetInt("axis",
            node.Node.Is("Softmax", "LogSoftmax", "Hardmax") && node.Opset < SoftmaxOfOneAxis ? 1 : -1));
}
