using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Passes;

/// <summary>What activations are rounded to.</summary>
public enum ActivationType
{
    /// <summary>The fast form on x86, together with int8 weights.</summary>
    UInt8,
    Int8,
    UInt16,
    Int16,
}

/// <summary>What weights are rounded to.</summary>
public enum WeightType
{
    Int8,
    UInt8,
}

public sealed record QuantizeStaticOptions : QuantizationOptions, ILocated
{
    public SourceLocation? Location { get; init; }

    [Option("What activations are rounded to. Left out: uint8, or int8 where target-isa is arm64 only. 16 bits are accurate, and slower than float " +
        "on CPUs.", Example = "uint8")]
    public ActivationType? Activations { get; init; }

    [Option("What weights are rounded to. uint8 is up to 2.6 times slower.")]
    public WeightType Weights { get; init; } = WeightType.Int8;

    [Option("One scale for each output channel of a weight; else one for the whole weight.")]
    public bool PerChannel { get; init; } = true;

    [Option("Whether zero is the middle of the activations' codes. Left out: only with signed types.")]
    public bool? SymmetricActivations { get; init; }

    [Option("Whether zero is the middle of the weights' codes. Left out: only with int8.")]
    public bool? SymmetricWeights { get; init; }

    [Option(RangeOptions.CalibratorText + " percentile kept as much as any on most models measured; min-max clips nothing that the data shows; "
        + "moving-average averages the extremes of samples, and so clips the louder half of them: only for samples that all reach equally far. "
        + "Left out: percentile, and min-max for activations of 16 bits, whose steps are fine enough for all.", Example = "percentile")]
    public Calibrator? Calibrator { get; init; }

    [Option(RangeOptions.PercentileText, Minimum = 50, Maximum = 100, Example = "99.9")]
    public double? Percentile { get; init; }

    [Option(RangeOptions.AveragingConstantText, Minimum = 0, Maximum = 1, Example = "0.1")]
    public double? AveragingConstant { get; init; }

    [Option("Tries a few forms of equal size and speed, with biases that make up for what rounding shifts (bias correction) and with kernels rounded "
        + "to nearest, and takes the one with the least noise at the outputs on at most 64 calibration samples. Not beside `accuracy:`, which tries "
        + "forms of its own.")]
    public bool Refine { get; init; } = true;

    [Option("What counts where 8 bits would be slower than float, as shapes and operators tell: `speed` leaves such nodes float, `size` quantizes "
        + "them for the smaller file.")]
    public Preference Prefer { get; init; }

    [Option("The CPUs that the model will run on. With avx2 among them, weights have 7 bits where sums of 16 bits could be clipped; for arm64 alone, " +
        "activations are int8. Left out: 8 bits, and a warning where sums could be clipped.", Example = "[avx2, vnni]")]
    public IReadOnlyList<TargetIsa> TargetIsa { get; init; } = [];

    [Option("Nodes that are quantized differently; the last entry that names a node counts.", Example = "[{ nodes: [\"/head/*\"], activations: uint16 }]")]
    public IReadOnlyList<PrecisionOverride> Overrides { get; init; } = [];

    /// <summary>
    /// How the ranges of activations are found. Clipping buys finer steps, which 16 bits have no need of: ocr-det with uint16 activations has 21.1 dB
    /// by min-max and 20.7 by percentile, with kernels balanced by windows.
    /// </summary>
    /// <param name="grid">What they are rounded to.</param>
    internal RangeOptions RangesFor(AffineGrid grid) => new()
    {
        Calibrator = Calibrator ?? (grid.IsWide && Percentile is null ? Calibrator.MinMax : ChosenCalibrator),
        Bits = grid.IsWide ? 16 : 8,
        Symmetric = grid.IsSymmetric,
        Percentile = Percentile ?? RangeOptions.DefaultPercentile,
        AveragingConstant = AveragingConstant ?? RangeOptions.DefaultAveragingConstant,
    };

    /// <summary>Options given that another calibrator than the chosen one heeds, each with the name of that.</summary>
    internal IEnumerable<(string Option, string Calibrator)> Idle()
    {
        if (Percentile is not null && ChosenCalibrator != Calibrator.Percentile)
            yield return ("percentile", Calibrator.Percentile.Name);
        if (AveragingConstant is not null && ChosenCalibrator != Calibrator.MovingAverage)
            yield return ("averaging-constant", Calibrator.MovingAverage.Name);
    }

    /// <summary>The calibrator of 8 bits.</summary>
    internal Calibrator ChosenCalibrator => Calibrator ?? Calibrator.Percentile;
}

/// <summary>Another precision for some nodes.</summary>
public sealed record PrecisionOverride
{
    [Option("Names of nodes or of their weights, as globs.", Required = true, Example = "[\"/head/*\"]")]
    public IReadOnlyList<string> Nodes { get; init; } = [];

    [Option("What these nodes' activations are rounded to.", Example = "uint16")]
    public ActivationType? Activations { get; init; }

    [Option("What these nodes' weights are rounded to.", Example = "uint8")]
    public WeightType? Weights { get; init; }

    [Option("Whether these nodes' weights have one scale for each output channel.", Example = "false")]
    public bool? PerChannel { get; init; }
}
