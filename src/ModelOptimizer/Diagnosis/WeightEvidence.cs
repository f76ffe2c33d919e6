namespace ModelOptimizer.Diagnosis;

/// <summary>What became of a weight.</summary>
/// <param name="Name">The weight's name in the original.</param>
/// <param name="TypicalError">Median error over median size of a weight, in the channel where that is worst.</param>
/// <param name="Peak">Largest over median size there.</param>
/// <param name="ChannelSpread">The largest channel's range over the median channel's.</param>
/// <param name="LargestChannel">That channel.</param>
/// <param name="Channels">How many there are.</param>
/// <param name="Scales">How many scales it has; 0 when it has none.</param>
/// <param name="Bits">Of a code; 0 when they are no codes.</param>
internal sealed record WeightEvidence(string Name, double TypicalError, double Peak, double ChannelSpread, int LargestChannel, int Channels, long Scales, int Bits)
{
    /// <summary>Holds a weight against what a candidate made of it.</summary>
    /// <param name="inner">Elements from one channel to the next in memory.</param>
    public static WeightEvidence Of(string name, float[] original, float[] candidate, int channels, long inner, long scales, int bits)
    {
        var ranges = new double[channels];
        var (worst, peak) = (0.0, 0.0);
        for (var channel = 0; channel < channels; channel++)
        {
            var (sizes, errors) = Channel(original, candidate, channel, channels, inner);
            ranges[channel] = sizes[^1];
            var typical = Divide(errors[errors.Length / 2], sizes[sizes.Length / 2]);
            if (typical > worst || channel == 0)
                (worst, peak) = (typical, Divide(sizes[^1], sizes[sizes.Length / 2]));
        }
        var median = ranges.Order().ElementAt(channels / 2);
        return new WeightEvidence(name, worst, peak, Divide(ranges.Max(), median), Array.IndexOf(ranges, ranges.Max()), channels, scales, bits);
    }

    private static (double[] Sizes, double[] Errors) Channel(float[] original, float[] candidate, int channel, int channels, long inner)
    {
        var (sizes, errors) = (new List<double>(), new List<double>());
        for (var outer = 0L; outer < original.Length; outer += inner * channels)
            for (var at = outer + channel * inner; at < outer + (channel + 1) * inner; at++)
            {
                sizes.Add(Math.Abs(original[at]));
                errors.Add(Math.Abs(original[at] - candidate[at]));
            }
        sizes.Sort();
        errors.Sort();
        return ([.. sizes], [.. errors]);
    }

    private static double Divide(double a, double b) => a == 0 ? 0 : b == 0 ? double.PositiveInfinity : a / b;
}
