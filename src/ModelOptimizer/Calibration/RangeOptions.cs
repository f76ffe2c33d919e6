using ModelOptimizer.Profiles;

namespace ModelOptimizer.Calibration;

/// <summary>How a range is found in what was seen.</summary>
public enum Calibrator
{
    /// <summary>From the smallest to the largest number.</summary>
    MinMax,
}

/// <summary>How ranges are found.</summary>
public sealed record RangeOptions
{
    [Option("How the range of a value is found in what the calibration data shows.")]
    public Calibrator Calibrator { get; init; } = Calibrator.MinMax;
}
