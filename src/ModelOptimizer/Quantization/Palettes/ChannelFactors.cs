namespace ModelOptimizer.Quantization;

/// <summary>What the values of a table are multiplied by in each output channel, so that one table serves large and small channels.</summary>
internal static class ChannelFactors
{
    /// <summary>The root mean square of each channel; 1 where that is no normal number.</summary>
    /// <param name="squares">Σ w² of each channel.</param>
    /// <param name="depth">Elements of a channel.</param>
    public static float[] Sizes(double[] squares, int depth) =>
        Array.ConvertAll(squares, square => (float)Math.Sqrt(square / depth) is var size && float.IsNormal(size) ? size : 1);

    /// <summary>The factors with the least squared error; 0, for a channel of zeros, where that is smaller than a normal number.</summary>
    /// <param name="products">Σ w·v of each channel, where v is the value of the table that stands for w.</param>
    /// <param name="squares">Σ v² of each channel.</param>
    public static float[] Fit(double[] products, double[] squares) =>
        [.. products.Zip(squares, (product, square) => (float)(product / square)).Select(factor => float.IsNormal(factor) ? factor : 0)];
}
