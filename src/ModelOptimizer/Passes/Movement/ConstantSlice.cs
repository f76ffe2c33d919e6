using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What a Slice takes of one axis.</summary>
/// <param name="Axis">The axis as written: from the end when negative.</param>
/// <param name="Start">The first element; from the end when negative.</param>
/// <param name="End">The one after the last; exporters write "to the end" as the largest number of 32 or 64 bits.</param>
/// <param name="Step">How far it is from one to the next.</param>
internal readonly record struct AxisSlice(long Axis, long Start, long End, long Step)
{
    /// <summary>True when no axis is so long that elements lie behind.</summary>
    public bool IsOpen => End >= int.MaxValue;

    /// <summary>True when it takes one element, or none where the axis has no such element.</summary>
    public bool IsOneElement => Step == 1 && (Start == -1 ? IsOpen : End == Start + 1);

    /// <summary>The axis counted from the first; null when that takes a rank that is unknown.</summary>
    public long? ResolvedAxis(Shape? shape) => Axis >= 0 ? Axis : Axis + shape?.Rank;
}

/// <summary>Reads and writes Slices whose numbers are constants, in the form of any opset.</summary>
internal static class ConstantSlice
{
    /// <summary>The first opset that takes the numbers as inputs.</summary>
    private const long WithInputs = 10;

    /// <summary>The axes sliced, in the order given; null when a number is not constant.</summary>
    public static AxisSlice[]? Of(Node slice, long opset)
    {
        var areInputs = opset >= WithInputs;
        if (Operands.Int64s(slice, "starts", 1, areInputs) is not { } starts || Operands.Int64s(slice, "ends", 2, areInputs) is not { } ends)
            return null;
        var axes = Operands.Int64s(slice, "axes", 3, areInputs) ?? (areInputs && slice.Input(3) is not null ? null : Ascending(starts.Length));
        var steps = areInputs && slice.Input(4) is { } given ? given.Constant?.AsInt64s() : [.. Enumerable.Repeat(1L, starts.Length)];
        if (axes is null || steps is null || ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
            return null;
        return [.. starts.Select((start, i) => new AxisSlice(axes[i], start, ends[i], steps[i]))];
    }

    /// <summary>Gives the Slice other numbers. Below opset 10 every step must be 1.</summary>
    public static void Set(Node slice, IReadOnlyList<AxisSlice> axes, long opset)
    {
        Set(slice, "starts", 1, [.. axes.Select(axis => axis.Start)], opset);
        Set(slice, "ends", 2, [.. axes.Select(axis => axis.End)], opset);
        Set(slice, "axes", 3, [.. axes.Select(axis => axis.Axis)], opset);
        if (opset >= WithInputs)
            Set(slice, "steps", 4, [.. axes.Select(axis => axis.Step)], opset);
    }

    private static void Set(Node slice, string name, int index, long[] numbers, long opset)
    {
        if (opset < WithInputs)
            slice.Attributes.Set(name, numbers);
        else
            slice.SetInput(index, slice.Graph!.AddConstant(name, Tensor.Create([numbers.Length], numbers)));
    }

    private static long[] Ascending(int count) => [.. Enumerable.Range(0, count).Select(axis => (long)axis)];
}
