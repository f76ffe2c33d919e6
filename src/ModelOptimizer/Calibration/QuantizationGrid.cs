namespace ModelOptimizer.Calibration;

/// <summary>The numbers that a range of so many bits represents, by the formulas that the quantizer uses.</summary>
/// <param name="Scale">The distance of two of them.</param>
/// <param name="Low">The smallest.</param>
/// <param name="High">The largest.</param>
internal readonly record struct QuantizationGrid(double Scale, double Low, double High)
{
    public static QuantizationGrid Of(double low, double high, int bits, bool symmetric)
    {
        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        if (symmetric)
        {
            var largest = Math.Max(-low, high);
            return new QuantizationGrid(largest / ((1L << bits - 1) - 1), -largest, largest);
        }
        var levels = (1L << bits) - 1;
        var scale = (high - low) / levels;
        var zero = scale == 0 ? 0 : Math.Round(-low / scale);
        return new QuantizationGrid(scale, -zero * scale, (levels - zero) * scale);
    }

    /// <summary>The sum of squared errors of quantizing counted numbers, spread evenly within each bin.</summary>
    /// <param name="counts">How many lie in each bin.</param>
    /// <param name="start">The lower edge of the first bin.</param>
    /// <param name="width">The width of a bin.</param>
    public double Error(ReadOnlySpan<double> counts, double start, double width)
    {
        // Whole bins inside of the grid; the others are clipped, but for the two that lie across its ends.
        var first = Math.Clamp((int)Math.Ceiling((Low - start) / width), 0, counts.Length);
        var last = Math.Clamp((int)Math.Floor((High - start) / width), first, counts.Length);
        var sum = Rounded(counts[first..last], start + first * width, width);
        for (var i = 0; i < first; i++)
            sum += counts[i] == 0 ? 0 : counts[i] * ErrorIn(start + i * width, start + (i + 1) * width);
        for (var i = last; i < counts.Length; i++)
            sum += counts[i] == 0 ? 0 : counts[i] * ErrorIn(start + i * width, start + (i + 1) * width);
        return sum;
    }

    /// <summary>The sum of squared errors where nothing is clipped.</summary>
    private double Rounded(ReadOnlySpan<double> counts, double start, double width)
    {
        if (Scale == 0)
            return 0;
        var (sum, before) = (0.0, Rounding(start / Scale));
        for (var i = 0; i < counts.Length; i++)
        {
            var after = Rounding((start + (i + 1) * width) / Scale);
            sum += counts[i] * (after - before);
            before = after;
        }
        return sum * Scale * Scale * Scale / width;
    }

    /// <summary>The mean squared error of numbers spread evenly over a stretch.</summary>
    private double ErrorIn(double from, double to)
    {
        var below = from < Low ? (Cube(Math.Min(to, Low) - Low) - Cube(from - Low)) / 3 : 0;
        var above = to > High ? (Cube(to - High) - Cube(Math.Max(from, High) - High)) / 3 : 0;
        var (inLow, inHigh) = (Math.Clamp(from, Low, High), Math.Clamp(to, Low, High));
        var rounding = inLow < inHigh ? Scale * Scale * Scale * (Rounding(inHigh / Scale) - Rounding(inLow / Scale)) : 0;
        return (rounding + below + above) / (to - from);
    }

    /// <summary>The integral of (t − round(t))² from 0.</summary>
    private static double Rounding(double t)
    {
        var nearest = Math.Round(t);
        return nearest / 12 + Cube(t - nearest) / 3;
    }

    private static double Cube(double x) => x * x * x;
}
