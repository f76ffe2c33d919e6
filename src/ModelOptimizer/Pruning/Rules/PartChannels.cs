using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>Tensors made of parts of others, or cut into parts.</summary>
internal static class PartChannels
{
    public static void Concat(NodeChannels node)
    {
        if (node.Out() is not { } whole || NodeChannels.Resolve(whole, node.Node.Attributes.GetInt("axis", 1)) is not { } axis)
            return;
        Parts(node, whole, [.. Enumerable.Range(0, node.Node.Inputs.Count).Select(node.In).OfType<Operand>()], axis);
    }

    public static void Split(NodeChannels node)
    {
        if (node.In(0) is not { } whole || NodeChannels.Resolve(whole, node.Node.Attributes.GetInt("axis", 0)) is not { } axis
            || node.In(1) is { IsConstant: false } || node.Node.Outputs.Contains(null))
            return;
        // The sizes are written anew.
        node.Allow(node.In(1), 0);
        Parts(node, whole, [.. Enumerable.Range(0, node.Node.Outputs.Count).Select(node.Out).OfType<Operand>()], axis);
    }

    private static void Parts(NodeChannels node, Operand whole, IReadOnlyList<Operand> parts, int axis)
    {
        foreach (var part in parts)
            node.JoinAll(whole, part, other => other == axis);
        var lengths = parts.Select(part => part.Rank == whole.Rank ? part.Shape![axis].Value : null).ToList();
        if (node.Range(whole, axis) is not { } all || lengths.Contains(null) || lengths.Sum() != all.Count)
        {
            foreach (var part in parts.Append(whole))
                node.Hold(part, axis, "lengths are unknown at");
            return;
        }
        var start = 0;
        foreach (var (part, length) in parts.Zip(lengths))
        {
            if (node.Range(part, axis) is { } range)
                node.JoinParts(all, start, range, 0, range.Count);
            else if (length == 1)
                node.HoldOne(all, start);
            start += (int)length!.Value;
        }
    }

    public static void Slice(NodeChannels node)
    {
        if (node.In(0) is not { Shape: { } shape } data || ConstantSlice.Of(node.Node, node.Opset) is not { } cuts)
            return;
        var sliced = cuts.Select(cut => cut.ResolvedAxis(shape)).ToHashSet();
        node.JoinAll(data, node.Out(), axis => sliced.Contains(axis));
        for (var slot = 1; slot < node.Node.Inputs.Count; slot++)
            node.Allow(node.In(slot), 0);
        foreach (var cut in cuts)
            Cut(node, data, cut, (int)cut.ResolvedAxis(shape)!.Value);
    }

    private static void Cut(NodeChannels node, Operand data, AxisSlice cut, int axis)
    {
        if (cut.Step != 1 || data.Shape![axis].Value is not { } length || node.Range(data, axis) is not { } all || node.Range(node.Out(), axis) is not { } part)
        {
            node.Hold(data, axis, "single ones of them are taken by");
            node.Hold(node.Out(), axis, "single ones of them are taken by");
            return;
        }
        var start = (int)Math.Clamp(cut.Start < 0 ? cut.Start + length : cut.Start, 0, length);
        if (start + part.Count <= all.Count)
            node.JoinParts(all, start, part, 0, part.Count);
        else
            node.Hold(data, axis, "lengths differ at");
    }

    /// <summary>Rows of a table are looked up by number; what a row consists of may become less.</summary>
    public static void Gather(NodeChannels node)
    {
        if (node.In(0) is not { } data || node.In(1) is not { Rank: { } depth } indices
            || NodeChannels.Resolve(data, node.Node.Attributes.GetInt("axis", 0)) is not { } axis)
            return;
        node.Hold(data, axis, "they are looked up by number in");
        for (var before = 0; before < axis; before++)
            node.Join(data, before, node.Out(), before);
        for (var within = 0; within < depth; within++)
            node.Join(indices, within, node.Out(), axis + within);
        for (var after = axis + 1; after < data.Rank; after++)
            node.Join(data, after, node.Out(), after + depth - 1);
    }
}
