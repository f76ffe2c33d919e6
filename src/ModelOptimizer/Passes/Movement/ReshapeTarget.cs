using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>The constant that tells a Reshape which shape to make, where one constant does for every run.</summary>
internal static class ReshapeTarget
{
    /// <summary>
    /// The lengths: a number where it is known, 0 where the input's axis at the same place is kept, and at most one −1 that is left to be
    /// found out. Null when that does not say it all.
    /// </summary>
    public static long[]? For(Shape from, Shape to)
    {
        var target = new long[to.Rank];
        for (var axis = 0; axis < to.Rank; axis++)
            target[axis] = to[axis].Value ?? (axis < from.Rank && BroadcastShapes.AreSame(from[axis], to[axis]) ? 0 : -1);
        // A length that is 0 would be read as "keep", and with it nothing can be found out.
        var isAmbiguous = to.Dimensions.Any(axis => axis.Value == 0) || from.Dimensions.Any(axis => axis.Value == 0);
        return isAmbiguous || target.Count(length => length == -1) > 1 ? null : target;
    }
}
