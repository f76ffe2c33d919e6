using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Bounds of the sums that products with weights are made of.</summary>
internal static class HalfProducts
{
    /// <summary>The largest Σ|weight| over what one output is made of: times the largest activation it bounds every partial sum.</summary>
    /// <param name="node">MatMul, Gemm, Conv or ConvTranspose.</param>
    /// <param name="x">What its first input was.</param>
    /// <param name="weight">What its second input is or was.</param>
    public static double Sum(Node node, HalfObserver x, HalfObserver weight)
    {
        if (node.Input(1)!.Constant is { Dimensions.Length: > 1 } constant)
            return LargestSum(
                constant.AsSpan<float>(), constant.Dimensions.AsSpan(), OperatorCatalog.ChannelAxis(node, 1, constant.Dimensions.Length));
        var depth = node.Is("Conv", "ConvTranspose") ? weight.Count / weight.Length(node.Is("Conv") ? 0 : 1) : x.Length(IsTransposed(node) ? -2 : -1);
        return weight.Peak * depth;
    }

    private static bool IsTransposed(Node node) => node.Attributes.GetInt("transA", 0) != 0;

    private static double LargestSum(ReadOnlySpan<float> weights, ReadOnlySpan<long> dimensions, int axis)
    {
        var (channels, inner) = ((int)dimensions[axis], 1);
        foreach (var length in dimensions[(axis + 1)..])
            inner *= (int)length;
        var sums = new double[channels];
        for (var i = 0; i < weights.Length; i++)
            sums[i / inner % channels] += Math.Abs(weights[i]);
        return sums.DefaultIfEmpty(0).Max();
    }
}
