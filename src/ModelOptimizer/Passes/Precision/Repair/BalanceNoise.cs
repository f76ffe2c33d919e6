namespace ModelOptimizer.Passes;

/// <summary>
/// What balancing does to the noise of 8 bits, as weights alone can tell. The weights of the layer before have a scale for each channel, so that they
/// stay as exact as they were; between both layers the activation has one scale, and the layer behind one for each of its outputs, over the inputs
/// that were balanced:
/// <code>
/// noise = (max s·n ÷ 255)² · Σ(w ÷ s)²  +  Σ (max |w ÷ s| of the output ÷ 127)² · (s·n)²,  n = norm of the channel's weights before
/// </code>
/// </summary>
internal static class BalanceNoise
{
    /// <summary>How far activations reach, in standard deviations.</summary>
    private const double Reach = 4;

    private const double ActivationSteps = 255;
    private const double WeightSteps = 127;

    /// <summary>The noise with factors, as a part of that without.</summary>
    /// <param name="found">Both layers.</param>
    /// <param name="factors">What the channels between them are multiplied by.</param>
    public static double Left(ScaledReaders found, double[] factors)
    {
        var spread = Norms(found.Source.Linear!);
        var before = found.Readers.Sum(reader => Of(reader, spread, [.. factors.Select(_ => 1.0)]));
        return before > 0 ? found.Readers.Sum(reader => Of(reader, spread, factors)) / before : 1;
    }

    private static double Of(WeightedNode reader, double[] spread, double[] factors)
    {
        var weights = reader.Content.AsSpan<float>();
        var layout = reader.Layout;
        var largest = new double[layout.Outputs];
        var squares = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            var (output, input) = layout.Channels(i / layout.Kernel);
            var weight = weights[i] / factors[input];
            largest[output] = Math.Max(largest[output], Math.Abs(weight));
            squares += weight * weight;
        }
        var ofWeights = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            var (output, input) = layout.Channels(i / layout.Kernel);
            ofWeights += Math.Pow(largest[output] / WeightSteps * factors[input] * spread[input], 2);
        }
        var reach = Reach * spread.Zip(factors, (norm, factor) => norm * factor).Max();
        return Math.Pow(reach / ActivationSteps, 2) * squares + ofWeights;
    }

    /// <summary>Of the weights of each output channel.</summary>
    private static double[] Norms(WeightedNode node)
    {
        var (weights, norms) = (node.Content.AsSpan<float>().ToArray(), new double[node.Layout.Outputs]);
        for (var i = 0; i < weights.Length; i++)
            norms[node.Layout.Channels(i / node.Layout.Kernel).Output] += (double)weights[i] * weights[i];
        return Array.ConvertAll(norms, Math.Sqrt);
    }
}
