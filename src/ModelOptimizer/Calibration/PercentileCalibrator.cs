using System.Globalization;

namespace ModelOptimizer.Calibration;

/// <summary>Leaves out the outermost numbers: half of the rest on either side, or the largest magnitudes where the range is symmetric.</summary>
internal sealed class PercentileCalibrator : HistogramCalibrator
{
    public override string Describe(RangeOptions options) =>
        string.Create(CultureInfo.InvariantCulture, $"{Name} {options.Percentile}{(options.Symmetric ? ", symmetric" : "")}");

    internal override ValueRange Choose(Histogram histogram, RangeOptions options)
    {
        var kept = options.Percentile / 100;
        var (low, high) = options.Symmetric
            ? (-MagnitudeQuantile(histogram, kept), MagnitudeQuantile(histogram, kept))
            : (histogram.Quantile((1 - kept) / 2), histogram.Quantile((1 + kept) / 2));
        return new ValueRange((float)Math.Max(low, histogram.Extremes.Low), (float)Math.Min(high, histogram.Extremes.High));
    }

    /// <summary>The distance from zero within which the given share of all numbers lies.</summary>
    private static double MagnitudeQuantile(Histogram histogram, double share)
    {
        var wanted = share * histogram.Total;
        var within = 0.0;
        var largest = histogram.Extremes.Magnitude;
        for (var bin = 0; bin * histogram.Width <= largest; bin++)
        {
            var count = (double)CountAt(histogram, bin) + CountAt(histogram, -1 - bin);
            if (count > 0 && within + count >= wanted)
                return Math.Min((bin + (wanted - within) / count) * histogram.Width, largest);
            within += count;
        }
        return largest;
    }

    private static long CountAt(Histogram histogram, int bin) => bin >= histogram.First && bin <= histogram.Last ? histogram[bin] : 0;
}
