using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>What to do with a model and what it must keep: a profile read, merged with what it extends, and checked.</summary>
public sealed record OptimizationProfile
{
    /// <summary>The newest version of the profile format that this version of the product reads.</summary>
    public const int NewestVersion = 1;

    [Option("Version of the profile format.", Minimum = 1, Maximum = NewestVersion, Example = "1")]
    public int Version { get; init; } = NewestVersion;

    [Option("Presets and profiles that this one builds on, such as preset:cpu-int8 or ./base.yaml. Maps merge, lists replace; later ones win.",
        Example = "preset:cpu-int8")]
    public IReadOnlyList<string> Extends { get; init; } = [];

    [Option("The ONNX model, relative to this file. May be left out when the project item or the command line names it.",
        IsPath = true, Example = "Models/classifier.onnx")]
    public string? Model { get; init; }

    [Option("Real inputs from which value ranges are learned.")]
    public CalibrationSettings? Calibration { get; init; }

    [Option("What to do with the model, in order: names of passes or presets, with options where wanted.",
        Example = "[simplify, quantize-dynamic]")]
    public IReadOnlyList<PassSettings> Passes { get; init; } = [];

    [Option("How the result is compared with the original.")]
    public EvaluateSettings? Evaluate { get; init; }

    [Option("What the result must keep. A broken limit fails the build.")]
    public IReadOnlyList<BudgetLimit> Budget { get; init; } = [];

    [Option("How a project embeds the result.")]
    public EmbedSettings Embed { get; init; } = new();

    /// <summary>Every file that the profile pulled in, itself first; presets are no files. All are inputs of the build.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}

/// <summary>One entry of <c>passes</c>.</summary>
/// <param name="Name">The pass or preset in kebab case.</param>
/// <param name="Options">The pass's options record; null for passes and presets without options.</param>
/// <param name="Location">Where the profile says so.</param>
public sealed record PassSettings(string Name, object? Options, SourceLocation Location)
{
    /// <summary>Said by a built-in preset, which suits many models, rather than by the user for this one.</summary>
    public bool IsPreset { get; init; }
}

/// <summary>Settings that know where the profile says them, so that what they name can be mended there.</summary>
public interface ILocated
{
    /// <summary>Where they begin; null when no profile says them.</summary>
    SourceLocation? Location { get; }
}

/// <summary>Real inputs from which value ranges are learned.</summary>
public sealed record CalibrationSettings : DataSettings
{
    [Option("Files with one array per model input: .npz, a folder of .npy, ONNX test_data_set_* folders, .jsonl; globs allowed.",
        IsPath = true, Required = true, RequiredUnless = ["images", "text", "ranges"], Example = "data/calibration.npz")]
    public override IReadOnlyList<string> Data { get; init; } = [];

    [Option("Ranges that a build with the data measured, its NAME.ranges.json: with them the data is not needed.", IsPath = true,
        Example = "Models/classifier.ranges.json")]
    public string? Ranges { get; init; }

    [Option("How many samples are used at most, spread evenly over all there are.", Minimum = 1, Example = "256")]
    public int Samples { get; init; } = 256;

    [Option("How much the values of all samples in work may take at once; the weights come on top. The model runs in slices that keep to it.",
        Minimum = 1 << 20, Example = "1 GiB")]
    public ByteSize Memory { get; init; } = new(1L << 30);
}

/// <summary>How the result is compared with the original.</summary>
public sealed record EvaluateSettings : DataSettings
{
    [Option("The array that holds the truth: the class of each row, or the next token at each position. For pictures a file NAME.txt beside them, "
        + "on each line a picture's name and the number of its class.", Example = "labels")]
    public string? Labels { get; init; }

    [Option("What is measured, besides what the budget asks for.", Names = NameSource.Metrics, Example = "[top-1, cosine-similarity, sqnr]")]
    public IReadOnlyList<string> Metrics { get; init; } = [];

    [Option("The output that labels and agreement are scored on. By default the only one whose rank fits.", Example = "logits")]
    public string? Output { get; init; }

    [Option("Rows per run.", Minimum = 1, Example = "8")]
    public int Batch { get; init; } = 1;

    [Option("Whether the report shows the noise of each value along the graph, on one sample. By default where a pass gives up precision.",
        Example = "false")]
    public bool? Trace { get; init; }

    /// <summary>Pictures have their labels in files beside them.</summary>
    public override IEnumerable<string> Sources =>
        Labels is { } labels ? [.. base.Sources, .. Images.Select(images => Beside(images, labels))] : base.Sources;

    /// <summary>What the file with the labels of pictures is called.</summary>
    internal static string LabelFile(string labels) => labels.EndsWith(".txt", StringComparison.Ordinal) ? labels : labels + ".txt";

    /// <summary>A path with an extension means pictures, also as a glob; another means folders.</summary>
    private static string Beside(string images, string labels) =>
        Path.Combine(Path.HasExtension(images) ? Path.GetDirectoryName(images)! : images, LabelFile(labels));
}

/// <summary>One limit of the budget; all bounds given must hold.</summary>
/// <param name="Metric">The metric, as in <see cref="MetricCatalog"/>.</param>
/// <param name="Location">Where its key stands.</param>
public sealed record BudgetLimit(string Metric, SourceLocation Location)
{
    /// <summary>Smallest value allowed, in the metric's own unit (bytes, ratio, dB).</summary>
    public double? Min { get; init; }

    /// <summary>Largest value allowed, in the metric's own unit.</summary>
    public double? Max { get; init; }

    /// <summary>Largest loss against the original model: percentage points for rates (0.005 is half a point).</summary>
    public double? MaxDrop { get; init; }

    /// <summary>Largest growth against the original model, relative (0.01 is one percent).</summary>
    public double? MaxRise { get; init; }

    public Severity Severity { get; init; } = Severity.Error;
}

public enum EmbedAs
{
    Resource,
    Content,
    None,
}

public enum EmbedCompression
{
    None,
    Brotli,
}

/// <summary>How a project embeds the result. Metadata of the project item wins over these.</summary>
public sealed record EmbedSettings
{
    [Option("A resource inside the assembly, a content file beside it, or nothing.")]
    public EmbedAs As { get; init; } = EmbedAs.Resource;

    [Option("How the resource is compressed.")]
    public EmbedCompression Compression { get; init; } = EmbedCompression.None;

    [Option("Name of the generated C# class. By default made from the model's file name.", Pattern = Identifiers.Simple,
        Meaning = "a C# identifier", Example = "LanguageModel")]
    public string? Class { get; init; }

    [Option("Namespace of the generated C# class. By default the project's root namespace.", Pattern = Identifiers.Dotted,
        Meaning = "a C# namespace", Example = "MyApp.Models")]
    public string? Namespace { get; init; }

    [Option("Also generates Add<Class>, which registers the model's runner for dependency injection.")]
    public bool DependencyInjection { get; init; }
}
