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

    /// <summary>The mean squared error of quantizing numbers spread evenly from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public double Error(double from, double to)
    {
        if (Scale == 0)
            return (Cube(to) - Cube(from)) / (3 * (to - from));
        var (inLow, inHigh) = (Math.Clamp(from, Low, High), Math.Clamp(to, Low, High));
        var rounding = Scale * Scale * Scale * (Rounding(inHigh / Scale) - Rounding(inLow / Scale));
        var below = from < Low ? (Cube(Math.Min(to, Low) - Low) - Cube(from - Low)) / 3 : 0;
        var above = to > High ? (Cube(to - High) - Cube(Math.Max(from, High) - High)) / 3 : 0;
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
