using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

/// <summary>Weights for tests, and the plain formula that says what codes mean.</summary>
internal static class Weights
{
    /// <summary>Bell-shaped values around a mean that differs from channel to channel.</summary>
    public static float[] Random(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => (random.NextSingle() + random.NextSingle() + random.NextSingle() - 1.4f) * (1 + i % 7))];
    }

    /// <summary>weight = (code − zero point) · scale, in the memory order of a [depth, channels] or, under channel axis 0, [channels, depth] matrix.</summary>
    public static float[] Dequantize(QuantizedWeight weight, int channelAxis)
    {
        var result = new float[weight.Channels * weight.Depth];
        for (var c = 0; c < weight.Channels; c++)
            for (var k = 0; k < weight.Depth; k++)
            {
                var block = c * weight.Blocks + k / weight.BlockSize;
                var value = (weight.Codes[c * weight.Depth + k] - weight.ZeroPoints[block]) * weight.Scales[block];
                result[channelAxis == 0 ? c * weight.Depth + k : k * weight.Channels + c] = value;
            }
        return result;
    }

    /// <summary>What quantization makes of a matrix.</summary>
    public static Tensor Rounded(Tensor weight, int channelAxis, int bits, int? blockSize = null, bool symmetric = true)
    {
        var matrix = new WeightMatrix(weight, channelAxis);
        using var quantized = WeightAlgorithm.RoundToNearest.Quantize(matrix, new WeightGrid(bits, symmetric), blockSize ?? matrix.Depth)!;
        return Tensor.Create(weight.Dimensions.AsSpan(), Dequantize(quantized, channelAxis));
    }
}
