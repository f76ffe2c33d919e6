using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>The lengths that Reshape, Expand or Resize are told: constants, or put together of constants and of what a run computes.</summary>
internal static class ShapeNumbers
{
    /// <summary>Whether the length of an axis can be another one: it is a constant, or follows from the others.</summary>
    public static bool CanSet(Value numbers, int axis) => numbers.Constant is not null || PartAt(numbers, axis) is { Part: not null };

    /// <summary>Lets a node read other lengths; the constants that others read stay.</summary>
    /// <param name="node">The node.</param>
    /// <param name="slot">Where it reads its lengths.</param>
    /// <param name="lengths">All that are known, by axis: "as long as the input there" may be another length by now.</param>
    public static void Set(Node node, int slot, IReadOnlyDictionary<int, int> lengths)
    {
        if (node.Input(slot) is not { } numbers)
            return;
        if (numbers.Constant is { } constant)
        {
            node.SetInput(slot, Write(node.Graph!, numbers.Name, constant, 0, lengths));
            return;
        }
        var concat = numbers.Graph.InsertCopyAfter(numbers.Producer!, numbers.Producer!, [.. numbers.Producer!.Inputs]);
        foreach (var axis in lengths.Keys)
            if (PartAt(concat.Output(), axis) is (var index, var start, { } part))
                concat.SetInput(index, Write(concat.Graph!, part.Name, part.Constant!, start, lengths));
        node.SetInput(slot, concat.Output());
    }

    private static Value Write(Graph graph, string name, Tensor constant, int start, IReadOnlyDictionary<int, int> lengths)
    {
        var numbers = constant.AsInt64s();
        foreach (var (axis, length) in lengths)
            // What is left to be found out finds itself.
            if (axis >= start && axis - start < numbers.Length && numbers[axis - start] != -1)
                numbers[axis - start] = length;
        return graph.AddConstant(name, Tensor.Create(constant.Dimensions.AsSpan(), numbers));
    }

    /// <summary>The constant part of a Concat that tells the length of an axis, and where it begins.</summary>
    private static (int Index, int Start, Value? Part) PartAt(Value numbers, int axis)
    {
        if (numbers.Producer is not { } concat || !concat.Is("Concat"))
            return default;
        var start = 0;
        for (var index = 0; index < concat.Inputs.Count; index++)
        {
            if (concat.Input(index) is not { } part || (part.Constant?.ElementCount ?? part.Type?.Shape?.ElementCount) is not { } count)
                return default;
            if (axis < start + count)
                return (index, start, part.Constant is null ? null : part);
            start += (int)count;
        }
        return default;
    }
}
