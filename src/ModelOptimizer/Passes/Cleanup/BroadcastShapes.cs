using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Multidirectional broadcasting, as elementwise operators do it: axes are aligned at the end, length 1 adapts.</summary>
internal static class BroadcastShapes
{
    /// <summary>True when the result of an elementwise operator over both has the shape of <paramref name="value"/> for certain.</summary>
    public static bool KeepsShape(Value value, Value? other)
    {
        if (other?.Type?.Shape is not { } added)
            return false;
        if (added.Rank == 0)
            return true;
        return value.Type?.Shape is { } shape && added.Rank <= shape.Rank
            && Enumerable.Range(1, added.Rank).All(fromEnd => Adapts(added[-fromEnd], shape[-fromEnd]));
    }

    /// <summary>True when both lengths are known to be the same, be it by a symbol.</summary>
    public static bool AreSame(Dimension first, Dimension second) => first.Value is { } length
        ? length == second.Value
        : second.Value is null && !string.IsNullOrEmpty(first.Symbol) && first.Symbol == second.Symbol;

    /// <summary>True when every axis is known to have the same length in both.</summary>
    public static bool AreSame(Shape first, Shape second) =>
        first.Rank == second.Rank && first.Dimensions.Zip(second.Dimensions).All(pair => AreSame(pair.First, pair.Second));

    private static bool Adapts(Dimension added, Dimension axis) => added.Value == 1 || AreSame(added, axis);
}
