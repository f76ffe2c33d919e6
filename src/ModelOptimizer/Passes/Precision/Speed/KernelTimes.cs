using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>
/// What kernels of ONNX Runtime 1.31.1 take on one thread of an x64 CPU with VNNI, in nanoseconds: a straight line through the layers of
/// <c>dotnet run -c Release --project tests/ModelOptimizer.Benchmarks -- integers</c>. They only have to tell which of two forms is the faster one.
/// </summary>
/// <remarks>
/// Of that table, with AMX, a layer among others in float → in 8 bits: pointwise Conv of 16 channels on 7 × 7 positions 1.4 → 2.3 µs, of 64 4.6 → 3.6, of
/// 256 38 → 10; 3 × 3 Conv of 4 channels on 28 × 28 21 → 46 µs, of 16 47 → 38, of 32 221 → 84; depthwise 3 × 3 of 64 50 → 61, 5 × 5 75 → 146; two Gemm of
/// 64 for 64 rows 27 → 29, of 256 208 → 113. Entering or leaving codes costs 1.25 ns an element beside convolutions, half of it beside HardSwish.
/// </remarks>
internal static class KernelTimes
{
    /// <summary>An integer kernel starts later than a float one: it checks and packs more.</summary>
    private const double Start = 1500;

    /// <summary>The float form and the one in 8 bits, whose difference counts; null where nothing is known.</summary>
    public static (double Plain, double Coded)? Of(Node node, TypicalShapes shapes)
    {
        if (shapes.Of(node.Output()) is not { } output || node.Input(1)?.Type?.Shape is null)
            return null;
        return node.OpType switch
        {
            "Conv" when node.Input(1)!.Constant is { } kernel && output.Length == kernel.Dimensions.Length => Convolution(kernel, output),
            "MatMul" or "Gemm" when shapes.Of(node.Input(0)!) is { Length: > 0 } input => Product(node, input, output),
            _ => null,
        };
    }

    /// <summary>QuantizeLinear or DequantizeLinear of a matrix.</summary>
    public static double OfMatrix(double elements) => 2000 + 0.4 * elements;

    /// <summary>QuantizeLinear or DequantizeLinear of a picture, and turning its channels last or first.</summary>
    public static double OfPicture(double elements) => 3000 + 1.25 * elements;

    /// <summary>The same where an operator that goes element by element stands there, which leaves channels last.</summary>
    public static double OfElements(double elements) => 3000 + 0.6 * elements;

    /// <summary>DynamicQuantizeLinear: it looks for the range first.</summary>
    public static double OfDynamicQuantization(double elements) => 2500 + 0.5 * elements;

    /// <summary>What a product with int8 weights gains by that.</summary>
    public static double GainOfDynamicProduct(double products, double weights) => 0.011 * products + 0.02 * weights - 800;

    private static (double, double) Convolution(Tensor kernel, double[] output)
    {
        var window = kernel.Dimensions.Skip(2).Aggregate(1.0, (product, length) => product * length);
        var (elements, positions) = (Product(output), Product(output) / Math.Max(1, output[1]));
        if (kernel.Dimensions[1] == 1 && kernel.Dimensions[0] > 1)
            return (elements * (0.1 + 0.04 * window), Start + elements * (0.15 + 0.09 * window));
        var products = elements * kernel.Dimensions[1] * window;
        return window == 1
            ? (0.013 * products + 0.6 * elements, Start + 0.003 * products + 0.5 * elements)
            : (0.02 * products + 1.5 * elements, Start + 0.0046 * products + 0.5 * elements + 4.5 * window * positions);
    }

    private static (double, double) Product(Node node, double[] input, double[] output)
    {
        var depth = input[node.Attributes.GetInt("transA", 0) != 0 ? 0 : ^1];
        var products = Product(output) * depth;
        var weights = node.Input(1)!.Constant?.ElementCount ?? 0;
        return (0.015 * products + 0.02 * weights, Start + 0.004 * products);
    }

    private static double Product(double[] lengths) => lengths.Aggregate(1.0, (product, length) => product * length);
}
