using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>What the values of a table are multiplied by in each output channel, so that one table serves large and small channels.</summary>
internal static class ChannelFactors
{
    /// <summary>The root mean square of each channel; 1 where that is no normal number.</summary>
    public static float[] Of(Tensor weight, ChannelGroups groups)
    {
        var numbers = weight.AsSpan<float>();
        var squares = new double[groups.Channels];
        for (var i = 0; i < numbers.Length; i++)
            squares[groups.Channel(i)] += (double)numbers[i] * numbers[i];
        var depth = (double)numbers.Length / groups.Channels;
        return [.. squares.Select(square => (float)Math.Sqrt(square / depth)).Select(factor => float.IsNormal(factor) ? factor : 1)];
    }

    /// <summary>The factors with the least squared error for values that are given without them.</summary>
    public static float[] Fit(Tensor weight, ReadOnlySpan<float> values, ChannelGroups groups)
    {
        var numbers = weight.AsSpan<float>();
        var (products, squares) = (new double[groups.Channels], new double[groups.Channels]);
        for (var i = 0; i < numbers.Length; i++)
        {
            var channel = groups.Channel(i);
            products[channel] += (double)numbers[i] * values[i];
            squares[channel] += (double)values[i] * values[i];
        }
        return [.. products.Zip(squares, (product, square) => (float)(product / square)).Select(factor => float.IsNormal(factor) ? factor : 1)];
    }
}
