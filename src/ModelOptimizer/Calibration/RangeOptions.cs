using ModelOptimizer.Profiles;

namespace ModelOptimizer.Calibration;

/// <summary>How ranges are found.</summary>
public sealed record RangeOptions
{
    /// <summary>For the option <c>calibrator</c> of passes.</summary>
    public const string CalibratorText = "How the range of a value is found in what the calibration data shows.";

    /// <summary>For the option <c>percentile</c> of passes.</summary>
    public const string PercentileText = "With the calibrator percentile: how many of all numbers the range holds, in percent.";

    [Option(CalibratorText)]
    public Calibrator Calibrator { get; init; } = Calibrator.MinMax;

    [Option(PercentileText, Minimum = 50, Maximum = 100)]
    public double Percentile { get; init; } = 99.99;

    [Option("With the calibrator moving-average: how much a sample counts at least.", Minimum = 0, Maximum = 1)]
    public double AveragingConstant { get; init; } = 0.01;

    /// <summary>Bits of the quantized numbers, for calibrators that weigh clipping against rounding.</summary>
    public int Bits { get; init; } = 8;

    /// <summary>Whether the quantized numbers reach equally far on both sides of zero.</summary>
    public bool Symmetric { get; init; }
}
