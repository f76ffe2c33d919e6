using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>When a Concat puts together again what Split or Slices cut from one value.</summary>
internal static class RejoinedParts
{
    /// <summary>The value whose parts are all here, in order; null when they are not.</summary>
    public static Value? WholeOf(Node concat, long opset)
    {
        if (concat.Input(0)?.Producer is not { Attributes.HasReferences: false } first || concat.Attributes.TryGetInt("axis") is not { } axis)
            return null;
        return first.Is("Split") ? WholeOfSplit(concat, first, axis) : first.Is("Slice") ? WholeOfSlices(concat, axis, opset) : null;
    }

    private static Value? WholeOfSplit(Node concat, Node split, long axis)
    {
        if (!concat.Inputs.SequenceEqual(split.Outputs) || split.Input(0)?.Type?.Shape is not { } shape)
            return null;
        return Resolve(split.Attributes.GetInt("axis", 0), shape) == Resolve(axis, shape) ? split.Input(0) : null;
    }

    private static Value? WholeOfSlices(Node concat, long axis, long opset)
    {
        if (concat.Input(0)!.Producer!.Input(0) is not { Type.Shape: { } shape } whole)
            return null;
        var (length, reached) = (shape[(int)axis].Value, 0L);
        foreach (var part in concat.Inputs)
        {
            if (part?.Producer is not { Attributes.HasReferences: false } slice || !slice.Is("Slice") || slice.Input(0) != whole || ConstantSlice.Of(slice, opset) is not [var cut])
                return null;
            if (Resolve(cut.Axis, shape) != Resolve(axis, shape) || cut.Step != 1 || cut.Start != reached || cut.End <= cut.Start)
                return null;
            reached = cut.End;
        }
        return reached >= int.MaxValue || reached >= length ? whole : null;
    }

    private static long Resolve(long axis, Shape shape) => axis < 0 ? axis + shape.Rank : axis;
}
