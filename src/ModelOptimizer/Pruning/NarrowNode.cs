using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>Brings the numbers that a node names up to date when its tensors become narrower.</summary>
internal static class NarrowNode
{
    private const long SplitAsInput = 13;
    private const long SplitCounted = 18;

    /// <param name="node">The node, with its tensors as they were.</param>
    /// <param name="opset">The version that it is read by.</param>
    /// <param name="kept">Which places of an axis stay; null for all.</param>
    public static void Adjust(Node node, long opset, Func<Operand, int, IReadOnlyList<int>?> kept)
    {
        switch (node.OpType)
        {
            case "Conv" or "FusedConv" or "ConvTranspose" when node.Attributes.GetInt("group", 1) > 1:
                Groups(node, kept);
                break;
            case "Split":
                Split(node, opset, kept);
                break;
            case "Slice":
                Slice(node, opset, kept);
                break;
            case "Reshape" or "Expand":
                Lengths(node, 1, kept);
                break;
            case "Resize":
                Lengths(node, 3, kept);
                break;
            case "Attention" or "MultiHeadAttention" or "GroupQueryAttention" or "RotaryEmbedding":
                Heads(node, kept);
                break;
        }
    }

    /// <summary>Only where each group is one input channel do groups go.</summary>
    private static void Groups(Node node, Func<Operand, int, IReadOnlyList<int>?> kept)
    {
        var input = Operand.Input(node, 0)!.Value;
        if (kept(input, 1) is { } left && input.Shape![1].Value == node.Attributes.GetInt("group", 1))
            node.Attributes.Set("group", left.Count);
    }

    private static void Split(Node node, long opset, Func<Operand, int, IReadOnlyList<int>?> kept)
    {
        var whole = Operand.Input(node, 0)!.Value;
        var axis = NodeChannels.Resolve(whole, node.Attributes.GetInt("axis", 0))!.Value;
        if (kept(whole, axis) is null)
            return;
        long[] sizes = [.. node.Outputs.Select(output => new Operand(output!)).Select(part => kept(part, axis)?.Count ?? part.Shape![axis].Value!.Value)];
        if (opset < SplitAsInput)
            node.Attributes.Set("split", sizes);
        else
            node.SetInput(1, node.Graph!.AddConstant("split", Tensor.Create([sizes.Length], sizes)));
        if (opset >= SplitCounted)
            node.Attributes.Remove("num_outputs");
    }

    private static void Slice(Node node, long opset, Func<Operand, int, IReadOnlyList<int>?> kept)
    {
        var (data, part) = (Operand.Input(node, 0)!.Value, new Operand(node.Output()));
        var cuts = ConstantSlice.Of(node, opset)!;
        var changed = cuts.Select(cut => Moved(cut, data, part, kept)).ToList();
        if (!changed.SequenceEqual(cuts))
            ConstantSlice.Set(node, changed, opset);
    }

    private static AxisSlice Moved(AxisSlice cut, Operand data, Operand part, Func<Operand, int, IReadOnlyList<int>?> kept)
    {
        var axis = (int)cut.ResolvedAxis(data.Shape)!.Value;
        if (kept(data, axis) is not { } left)
            return cut;
        var length = data.Shape![axis].Value!.Value;
        var start = Math.Clamp(cut.Start < 0 ? cut.Start + length : cut.Start, 0, length);
        var first = left.Count(place => place < start);
        return cut with { Start = first, End = first + (kept(part, axis)?.Count ?? part.Shape![axis].Value!.Value) };
    }

    private static void Lengths(Node node, int slot, Func<Operand, int, IReadOnlyList<int>?> kept)
    {
        var result = new Operand(node.Output());
        var left = Enumerable.Range(0, result.Rank!.Value).ToDictionary(axis => axis, axis => kept(result, axis)?.Count);
        if (left.Values.All(count => count is null))
            return;
        var known = left.Where(axis => result.Shape![axis.Key].Value is not null)
            .ToDictionary(axis => axis.Key, axis => axis.Value ?? (int)result.Shape![axis.Key].Value!.Value);
        ShapeNumbers.Set(node, slot, known);
    }

    /// <summary>Numbers of heads become less in the proportion of the channels.</summary>
    private static void Heads(Node node, Func<Operand, int, IReadOnlyList<int>?> kept)
    {
        var isPacked = node.OpType == "Attention" && node.Domain.Length > 0;
        Scale("num_heads", isPacked ? 1 : 0);
        Scale("q_num_heads", 0);
        Scale("kv_num_heads", 1);

        void Scale(string name, int slot)
        {
            if (node.Attributes.GetInt(name, 0) is not (> 0 and var heads) || Operand.Input(node, slot) is not { Rank: { } rank } operand)
                return;
            var axis = rank == 4 ? 1 : rank - 1;
            if (kept(operand, axis) is { } left)
                node.Attributes.Set(name, heads * left.Count / operand.Shape![axis].Value!.Value);
        }
    }
}
