namespace ModelOptimizer.Calibration;

/// <summary>
/// The range that makes the smallest squared error in the bits wanted, clipping included, found by a search over both ends: first in coarse
/// steps, then in fine ones around the best.
/// </summary>
internal sealed class MseCalibrator : HistogramCalibrator
{
    private const int CoarseSteps = 20;
    private const int FineSteps = 5;
    private const int Rounds = 2;

    public override string Describe(RangeOptions options) => $"{Name}, {options.Bits} bits{(options.Symmetric ? ", symmetric" : "")}";

    internal override ValueRange Choose(Histogram histogram, RangeOptions options)
    {
        var extremes = histogram.Extremes;
        if (extremes.Magnitude == 0)
            return extremes;
        var errors = new BinnedError(histogram.ToArray(histogram.First, histogram.Last), histogram.First, histogram.Width);
        if (options.Symmetric)
        {
            var share = Search(1, share => Error(-extremes.Magnitude * share, extremes.Magnitude * share));
            var largest = extremes.Magnitude * share;
            return new ValueRange((float)Math.Max(extremes.Low, -largest), (float)Math.Min(extremes.High, largest));
        }
        // An end on the other side of zero, or a bit short of it, would change nothing: the range is stretched to zero.
        var (low, high) = (1.0, 1.0);
        for (var round = 0; round < Rounds; round++)
        {
            var before = low;
            high = extremes.High > 0 ? Search(high, share => Error(extremes.Low * low, extremes.High * share)) : high;
            low = extremes.Low < 0 ? Search(low, share => Error(extremes.Low * share, extremes.High * high)) : low;
            if (low == before)
                break;
        }
        return new ValueRange(Scaled(extremes.Low, extremes.Low < 0 ? low : 1), Scaled(extremes.High, extremes.High > 0 ? high : 1));

        double Error(double from, double to) => errors.Of(QuantizationGrid.Of(from, to, options.Bits, options.Symmetric));
    }

    private static float Scaled(float end, double share) => share == 1 ? end : (float)(end * share);

    /// <summary>The share in (0, 1] of the smallest error; the largest of equals, and never one worse than <paramref name="start"/>.</summary>
    private static double Search(double start, Func<double, double> error)
    {
        var best = (Share: start, Error: error(start));
        for (var i = CoarseSteps; i > 0; i--)
            Try((double)i / CoarseSteps);
        var middle = best.Share;
        for (var i = FineSteps; i >= -FineSteps; i--)
            Try(middle + i / (double)((FineSteps + 1) * CoarseSteps));
        return best.Share;

        void Try(double share)
        {
            if (share is > 0 and <= 1 && error(share) is var found && found < best.Error)
                best = (share, found);
        }
    }
}
