using ModelOptimizer.Onnx;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Biases as int32, in the unit of the sums that they are added to: scale = activation's scale · weight's scale, one for each channel of the
/// weight. (Jacob et al., "Quantization and Training of Neural Networks", arXiv 1712.05877, section 2.4.)
/// </summary>
internal static class QuantizedBias
{
    /// <summary>The largest code, with room for the sum itself.</summary>
    private const double MaxCode = int.MaxValue / 2;

    /// <summary>The scales of the bias in float32, as runtimes multiply them.</summary>
    public static float[] Scales(float activationScale, AffineScale[] weightScales) =>
        Array.ConvertAll(weightScales, scale => activationScale * scale.Scale);

    /// <summary>Codes of a bias of rank 1.</summary>
    /// <param name="scales">One, or one for each element.</param>
    public static int[] Codes(float[] bias, float[] scales)
    {
        var codes = new int[bias.Length];
        for (var i = 0; i < codes.Length; i++)
            codes[i] = (int)Math.Clamp(Math.Round((double)bias[i] / scales[i % scales.Length]), int.MinValue, int.MaxValue);
        return codes;
    }

    /// <summary>
    /// The scales that channels of the weight need for their bias to fit into int32: coarser ones for tiny weights beside a large bias. A channel
    /// of zeros has no scale of its own, and gets one that serves the bias.
    /// </summary>
    /// <param name="bias">Elements; those of channel c are c, c + channels …</param>
    /// <returns>0 for a channel that stays as it is; null when all do.</returns>
    public static float[]? WantedScales(float[] bias, float activationScale, AffineScale[] weightScales)
    {
        float[]? wanted = null;
        for (var i = 0; i < bias.Length; i++)
        {
            var channel = i % weightScales.Length;
            // Never infinite, which no code could be multiplied with.
            var least = (float)Math.Min(Math.Abs((double)bias[i]) / (activationScale * MaxCode), float.MaxValue);
            if (least > (weightScales[channel].CoversNothing ? Tiny : weightScales[channel].Scale))
                (wanted ??= new float[weightScales.Length])[channel] = Math.Max(wanted[channel], least);
        }
        return wanted;
    }

    private const float Tiny = 1.17549435e-38f;

    /// <summary>The codes as a constant [elements].</summary>
    public static Tensor Tensor(float[] bias, float[] scales) => Onnx.Tensor.Create(DataType.Int32, [bias.Length], Codes(bias, scales));
}
