using ModelOptimizer.Onnx;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Steps with Transpose, alone and where it meets others.</summary>
internal static class TransposeRules
{
    public static Rule[] All => [Transpose, TransposePair, TransposePair, TransposeAround, TransposeAround];

    private static void Transpose(Scope scope)
    {
        if (scope.FindAny(2) is { } x)
            scope.Add(Transpose(scope, x, Permutation(scope, x.Rank)));
    }

    /// <summary>Two in a row: they merge, or undo each other.</summary>
    private static void TransposePair(Scope scope)
    {
        if (scope.FindAny(2) is not { } x)
            return;
        var permutation = Permutation(scope, x.Rank);
        var second = scope.OneIn(3) ? Permutation(scope, x.Rank) : Inverse(permutation);
        scope.Add(Transpose(scope, Transpose(scope, x, permutation), second));
    }

    /// <summary>There, something elementwise, and back: the two cancel once the first is pushed through.</summary>
    private static void TransposeAround(Scope scope)
    {
        if (scope.FindFloat(2) is not { } x)
            return;
        var permutation = Permutation(scope, x.Rank);
        var there = Transpose(scope, x, permutation);
        var inner = ElementwiseRules.Apply(scope, there.Value);
        if (there.Axes[^1].Value is { } last && scope.OneIn(2))
            inner = scope.Builder.Op(scope.Pick("Add", "Mul"), inner, scope.Weight([last]));
        if (scope.OneIn(4))
            scope.Add(there.With(inner));
        scope.Add(Transpose(scope, there.With(inner), Inverse(permutation)));
    }

    public static Item Transpose(Scope scope, Item x, int[] permutation) => x with
    {
        Value = scope.Builder.Op("Transpose", [x.Value], ("perm", Array.ConvertAll(permutation, axis => (long)axis))),
        Axes = [.. permutation.Select(axis => x.Axes[axis])],
    };

    private static int[] Permutation(Scope scope, int rank)
    {
        var permutation = Enumerable.Range(0, rank).ToArray();
        scope.Draw.Shuffle(permutation);
        return permutation;
    }

    private static int[] Inverse(int[] permutation) => [.. Enumerable.Range(0, permutation.Length).Select(axis => Array.IndexOf(permutation, axis))];
}
