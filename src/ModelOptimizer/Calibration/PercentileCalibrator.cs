using System.Globalization;

namespace ModelOptimizer.Calibration;

/// <summary>
/// Leaves out the outermost numbers: half of the rest on either side, or the largest magnitudes where the range is symmetric. Never more than
/// said, since ends are rounded outwards to a bin.
/// </summary>
internal sealed class PercentileCalibrator : HistogramCalibrator
{
    public override string Describe(RangeOptions options) =>
        string.Create(CultureInfo.InvariantCulture, $"{Name} {options.Percentile}{(options.Symmetric ? ", symmetric" : "")}");

    internal override ValueRange Choose(Histogram histogram, RangeOptions options)
    {
        var left = 1 - options.Percentile / 100;
        if (!options.Symmetric)
            return new ValueRange((float)histogram.LowQuantile(left / 2), (float)histogram.HighQuantile(left / 2));
        var reach = MagnitudeQuantile(histogram, left);
        return new ValueRange((float)Math.Max(-reach, histogram.Extremes.Low), (float)Math.Min(reach, histogram.Extremes.High));
    }

    /// <summary>The distance from zero beyond which at most the given share of all numbers lies.</summary>
    private static double MagnitudeQuantile(Histogram histogram, double share)
    {
        var beyond = 0.0;
        for (var bin = Math.Max(histogram.Last, -1 - histogram.First); bin >= 0; bin--)
        {
            beyond += (double)CountAt(histogram, bin) + CountAt(histogram, -1 - bin);
            if (beyond > share * histogram.Total)
                return Math.Min((bin + 1) * histogram.Width, histogram.Extremes.Magnitude);
        }
        return histogram.Extremes.Magnitude;
    }

    private static long CountAt(Histogram histogram, int bin) => bin >= histogram.First && bin <= histogram.Last ? histogram[bin] : 0;
}
