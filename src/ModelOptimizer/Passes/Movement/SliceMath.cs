using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>What two Slices in a row take altogether.</summary>
internal static class SliceMath
{
    /// <summary>The one Slice that does the same; null when that depends on lengths that are unknown.</summary>
    /// <param name="first">Applied first, to a value of the given shape.</param>
    /// <param name="second">Applied to what the first leaves.</param>
    public static IReadOnlyList<AxisSlice>? Compose(IReadOnlyList<AxisSlice> first, IReadOnlyList<AxisSlice> second, Shape? shape)
    {
        if (Resolve(first, shape) is not { } merged || Resolve(second, shape) is not { } rest)
            return null;
        foreach (var (axis, cut) in rest)
            if (!merged.TryGetValue(axis, out var before))
                merged.Add(axis, cut);
            else if (Compose(before, cut, shape?.Rank > axis ? shape[(int)axis].Value : null) is { } both)
                merged[axis] = both;
            else
                return null;
        return [.. merged.Values];
    }

    /// <summary>By axis counted from the first, in order; null when an axis takes a rank that is unknown, or is named twice.</summary>
    private static SortedDictionary<long, AxisSlice>? Resolve(IReadOnlyList<AxisSlice> cuts, Shape? shape)
    {
        var resolved = new SortedDictionary<long, AxisSlice>();
        foreach (var cut in cuts)
            if (cut.ResolvedAxis(shape) is not { } axis || !resolved.TryAdd(axis, cut with { Axis = axis }))
                return null;
        return resolved;
    }

    private static AxisSlice? Compose(AxisSlice first, AxisSlice second, long? length)
    {
        if (first.Step != 1 || second.Step != 1)
            return null;
        if (length is { } known)
            first = Within(first, known);
        if (first.Start is < 0 or > int.MaxValue || (first.End < 0 && !second.IsOpen))
            return null;
        if (length is not null)
            second = Within(second, Math.Max(0, first.End - first.Start));
        if (second.Start is < 0 or > int.MaxValue || second.End < 0)
            return null;
        var end = second.IsOpen ? first.End : first.IsOpen ? first.Start + second.End : Math.Min(first.End, first.Start + second.End);
        return new AxisSlice(first.Axis, first.Start + second.Start, end, 1);
    }

    /// <summary>Counted from the first element, within a length.</summary>
    private static AxisSlice Within(AxisSlice cut, long length) =>
        cut with { Start = Clamp(cut.Start, length), End = Clamp(cut.End, length) };

    private static long Clamp(long place, long length) => Math.Clamp(place < 0 ? place + length : place, 0, length);
}
