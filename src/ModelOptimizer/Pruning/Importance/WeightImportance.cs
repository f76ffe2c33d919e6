using System.Numerics.Tensors;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Pruning;

/// <summary>How large the weights of each unit are.</summary>
internal static class WeightImportance
{
    /// <returns>By unit: for each weight the mean square of the unit's elements over that of all units, added up.</returns>
    public static double[] Of(PruningGroup group)
    {
        var sums = new double[group.Units];
        foreach (var axis in group.Producers.Concat(group.Consumers))
        {
            var squares = Squares(axis);
            var mean = squares.Average();
            for (var unit = 0; unit < sums.Length && mean > 0; unit++)
                sums[unit] += squares[unit] / mean;
        }
        return sums;
    }

    /// <returns>By unit: the sum of squares of its elements.</returns>
    public static double[] Squares(PrunedAxis axis)
    {
        var byPlace = new double[axis.Range.Count];
        var tensor = axis.Operand.Value.Constant!;
        if (!WeightArithmetic.Handles(tensor.ElementType))
            return new double[axis.Places.Count];
        using var held = tensor.Hold();
        var elements = tensor.ToFloats();
        var inner = (int)tensor.Dimensions.Skip(axis.Range.Axis + 1).Aggregate(1L, (product, length) => product * length);
        for (var start = 0; start < elements.Length; start += inner)
            byPlace[start / inner % byPlace.Length] += TensorPrimitives.SumOfSquares<float>(elements.AsSpan(start, inner));
        return [.. axis.Places.Select(places => places.Sum(place => byPlace[place]))];
    }
}
