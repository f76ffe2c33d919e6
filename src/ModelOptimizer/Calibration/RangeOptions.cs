namespace ModelOptimizer.Calibration;

/// <summary>How ranges are found. Passes expose as options what of it a profile may say.</summary>
public sealed record RangeOptions
{
    /// <summary>For the option <c>calibrator</c> of passes.</summary>
    public const string CalibratorText = "How the range of a value is found in what the calibration data shows.";

    /// <summary>For the option <c>percentile</c> of passes.</summary>
    public const string PercentileText = "With the calibrator percentile: how many of all numbers the range holds, in percent. Left out: 99.99.";

    /// <summary>For the option <c>averaging-constant</c> of passes.</summary>
    public const string AveragingConstantText = "With the calibrator moving-average: the share c of a step. Sample n moves an end of the "
        + "range by max(1/n, c) of the way to its own: the plain mean at first, an exponential moving average later. Left out: 0.01.";

    public Calibrator Calibrator { get; init; } = Calibrator.MinMax;

    /// <summary>Of <see cref="Percentile"/>.</summary>
    public const double DefaultPercentile = 99.99;

    /// <summary>Of <see cref="AveragingConstant"/>.</summary>
    public const double DefaultAveragingConstant = 0.01;

    /// <summary>How many of all numbers a range by <see cref="Calibrator.Percentile"/> holds, in percent.</summary>
    public double Percentile { get; init; } = DefaultPercentile;

    /// <summary>How much a sample counts at least in a range by <see cref="Calibrator.MovingAverage"/>, as a share.</summary>
    public double AveragingConstant { get; init; } = DefaultAveragingConstant;

    /// <summary>Bits of the quantized numbers, for calibrators that weigh clipping against rounding.</summary>
    public int Bits { get; init; } = 8;

    /// <summary>Whether the quantized numbers reach equally far on both sides of zero.</summary>
    public bool Symmetric { get; init; }
}
