using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>An order of axes: axis <c>i</c> of the result is axis <c>order[i]</c> of the input.</summary>
internal static class Permutation
{
    /// <summary>The order of a Transpose; null when it has none of its own and the rank is unknown.</summary>
    public static ImmutableArray<long>? Of(Node transpose)
    {
        if (transpose.Attributes.TryGetInts("perm") is { } order)
            return order;
        var rank = transpose.Input(0)?.Type?.Shape?.Rank;
        return rank is null ? null : [.. Enumerable.Range(1, rank.Value).Select(axis => (long)(rank.Value - axis))];
    }

    /// <summary>The one order that does what <paramref name="first"/> and then <paramref name="second"/> do.</summary>
    public static ImmutableArray<long> Then(this ImmutableArray<long> first, ImmutableArray<long> second) =>
        [.. second.Select(axis => first[(int)axis])];

    public static bool IsIdentity(this ImmutableArray<long> order) => order.Select((axis, place) => axis == place).All(stays => stays);

    public static ImmutableArray<long> Inverse(this ImmutableArray<long> order)
    {
        var inverse = new long[order.Length];
        for (var place = 0; place < order.Length; place++)
            inverse[order[place]] = place;
        return [.. inverse];
    }
}
