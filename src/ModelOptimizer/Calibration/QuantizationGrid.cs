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
}
