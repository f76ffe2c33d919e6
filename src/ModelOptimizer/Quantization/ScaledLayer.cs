using System.Numerics.Tensors;
using Tensor = ModelOptimizer.Onnx.Tensor;

namespace ModelOptimizer.Quantization;

/// <summary>A layer whose weights are multiplied by factors of its inputs, and rounded to nearest then.</summary>
/// <param name="weight">Its weights, channels × inputs.</param>
/// <param name="blockSize">Weights of a channel that share a scale; the number of inputs for one scale a channel.</param>
internal sealed class ScaledLayer(WeightMatrix weight, WeightGrid grid, int blockSize)
{
    /// <summary>Channels that are scaled and rounded at a time.</summary>
    private const int Slice = 512;

    /// <summary>The same with no more channels than given, spread evenly.</summary>
    public ScaledLayer Some(int channels) => channels >= weight.Channels ? this : new(weight.Some(channels), grid, blockSize);

    /// <summary>The squared error of its products, summed up over channels and rows; infinite where a weight is not finite.</summary>
    /// <param name="factors">What weights are multiplied by, one for each input.</param>
    /// <param name="gram">XᵀX [inputs, inputs] of the inputs X divided by the factors; both triangles count.</param>
    public double Error(float[] factors, float[] gram)
    {
        var error = 0.0;
        using var held = weight.Hold();
        for (var first = 0; first < weight.Channels; first += Slice)
        {
            var scaled = WeightMatrix.OfRows(Scaled(first, Math.Min(Slice, weight.Channels - first), factors));
            using var rounded = RoundToNearest.Quantize(scaled, grid, blockSize);
            error += rounded is null ? double.PositiveInfinity : new CodeJudge(scaled, gram).Errors(rounded).Sum();
        }
        return error;
    }

    /// <summary>Σ |w| of the weights of each input.</summary>
    public double[] Sizes()
    {
        var sums = new double[weight.Depth];
        weight.Visit(Enumerable.Range(0, weight.Channels), (_, weights) =>
        {
            for (var k = 0; k < weights.Length; k++)
                sums[k] += Math.Abs(weights[k]);
        });
        return sums;
    }

    private Tensor Scaled(int first, int channels, float[] factors)
    {
        var rows = new float[channels * weight.Depth];
        weight.Read(first, channels, 0, weight.Depth, rows);
        for (var start = 0; start < rows.Length; start += weight.Depth)
            TensorPrimitives.Multiply(rows.AsSpan(start, weight.Depth), factors, rows.AsSpan(start, weight.Depth));
        return Tensor.Create([channels, weight.Depth], rows);
    }
}
