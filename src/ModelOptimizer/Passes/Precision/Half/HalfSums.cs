using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// How large numbers get inside an operator that nobody sees from outside: partial sums of products, sums of squares under a variance, exponentials.
/// The bounds hold for any order of summation.
/// </summary>
internal static class HalfSums
{
    /// <param name="node">The node.</param>
    /// <param name="seen">What its inputs and outputs were, by value.</param>
    /// <returns>A bound of the magnitudes within; 0 when there is nothing that its inputs and outputs don't show.</returns>
    public static double Bound(Node node, IReadOnlyDictionary<Value, HalfObserver> seen)
    {
        var inputs = node.Inputs.Select(input => input is null ? null : seen.GetValueOrDefault(input)).ToArray();
        if (inputs is not [{ } x, ..])
            return 0;
        return node.OpType switch
        {
            "MatMul" or "FusedMatMul" or "Gemm" or "Conv" or "ConvTranspose" => inputs is [_, { } weight, ..] ? x.Peak * HalfProducts.Sum(node, x, weight) : 0,
            "ReduceSum" or "ReduceMean" or "ReduceL1" or "GlobalAveragePool" or "ReduceLogSum" => x.Peak * Terms(node, x, seen),
            "CumSum" => x.Peak * x.Lengths.DefaultIfEmpty(1).Max(),
            "ReduceSumSquare" or "ReduceL2" or "GlobalLpPool" or "LpPool" => x.Peak * x.Peak * Terms(node, x, seen),
            "ReduceLogSumExp" => Math.Exp(x.Peak) * Terms(node, x, seen),
            "ReduceProd" => Math.Pow(Math.Max(1, x.Peak), Terms(node, x, seen)),
            "Softplus" or "Sinh" or "Cosh" => Math.Exp(x.Peak),
            "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" => Squared(x.Peak + (inputs is [_, { } skip, ..] ? skip.Peak : 0)) * x.Length(-1),
            "Softmax" or "LogSoftmax" => From(x, node.Attributes.GetInt("axis", -1)),
            _ => Squared(x.Peak) * Normalized(node, x),
        };
    }

    /// <summary>How many numbers make up the variance or norm that a normalization divides by; 0 for any other operator.</summary>
    private static double Normalized(Node node, HalfObserver x) => node.OpType switch
    {
        "LayerNormalization" or "RMSNormalization" => From(x, node.Attributes.GetInt("axis", -1)),
        "InstanceNormalization" => From(x, 2),
        "GroupNormalization" => From(x, 1) / Math.Max(1, node.Attributes.GetInt("num_groups", 1)),
        "LpNormalization" => x.Length(node.Attributes.GetInt("axis", -1)),
        "LRN" => node.Attributes.GetInt("size", 1),
        _ => 0,
    };

    /// <summary>The number of elements on an axis and those behind it.</summary>
    private static double From(HalfObserver x, long axis) =>
        x.Lengths.Skip((int)Math.Max(0, axis < 0 ? axis + x.Lengths.Length : axis)).Aggregate(1.0, (product, length) => product * length);

    /// <summary>How many elements of the input make up one of the output.</summary>
    private static double Terms(Node node, HalfObserver x, IReadOnlyDictionary<Value, HalfObserver> seen) =>
        node.Outputs is [{ } output, ..] && seen.GetValueOrDefault(output) is { } result ? x.Count / Math.Max(1, result.Count) : x.Count;

    private static double Squared(double number) => number * number;
}
