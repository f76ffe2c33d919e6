using ModelOptimizer.Passes;

namespace ModelOptimizer.Calibration;

/// <summary>
/// How the range of a value is found in what the calibration data shows. A class in this folder is a calibrator that profiles can name:
/// <c>MinMaxCalibrator</c> is <c>min-max</c>.
/// </summary>
public abstract class Calibrator
{
    private const string Suffix = "Calibrator";

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<Calibrator> All { get; } = NamedClasses.All<Calibrator>(calibrator => calibrator.Name);

    /// <summary>From the smallest to the largest number.</summary>
    public static Calibrator MinMax => Find("min-max")!;

    /// <summary>The means of the samples' smallest and largest numbers.</summary>
    public static Calibrator MovingAverage => Find("moving-average")!;

    /// <summary>All but the outermost numbers.</summary>
    public static Calibrator Percentile => Find("percentile")!;

    /// <summary>Where quantization loses the least information.</summary>
    public static Calibrator Entropy => Find("entropy")!;

    /// <summary>Where quantization makes the smallest squared error.</summary>
    public static Calibrator Mse => Find("mse")!;

    /// <summary>Its name in profiles.</summary>
    public string Name => PassNames.ToKebabCase(GetType().Name[..^Suffix.Length]);

    /// <summary>Its name and those of the options that its ranges depend on, with their values.</summary>
    public virtual string Describe(RangeOptions options) => Name;

    /// <summary>The calibrator of that name; null when there is none.</summary>
    public static Calibrator? Find(string name) => All.FirstOrDefault(calibrator => calibrator.Name == name);

    /// <summary>Takes in the elements of one value, or of one of its channels.</summary>
    internal abstract RangeCollector Collect(RangeOptions options, int bins);

    public override string ToString() => Name;
}
