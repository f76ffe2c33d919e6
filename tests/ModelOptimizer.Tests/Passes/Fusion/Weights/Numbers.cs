using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Passes.Fusion;

/// <summary>Constants for the tests of folding: the same for the same seed, of any shape and float type.</summary>
internal static class Numbers
{
    /// <summary>Between −1 and 1.</summary>
    public static Tensor Signed(int seed, params long[] dimensions) => Of(DataType.Float, seed, -1, dimensions);

    /// <summary>Between 0.5 and 1.5: variances, and factors that don't vanish.</summary>
    public static Tensor Positive(int seed, params long[] dimensions) => Of(DataType.Float, seed, 0.5, dimensions);

    public static Tensor Of(DataType type, int seed, double low, params long[] dimensions)
    {
        var random = new Random(seed);
        var width = low < 0 ? -2 * low : 1;
        var values = new double[dimensions.Aggregate(1L, (product, length) => product * length)];
        for (var i = 0; i < values.Length; i++)
            values[i] = low + width * random.NextDouble();
        return type switch
        {
            DataType.Float => Tensor.Create(dimensions, Array.ConvertAll(values, value => (float)value)),
            DataType.Float16 => Tensor.Create(type, dimensions, Array.ConvertAll(values, value => (Half)value)),
            _ => Tensor.Create(type, dimensions, values),
        };
    }
}
