using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>A table of real models × profiles, kept in a file beside the benchmarks.</summary>
/// <param name="Word">The command that measures it, and the name of its file.</param>
/// <param name="SettingsFile">Where its profiles are, in the folder of this class.</param>
internal sealed record MeasuredTable(string Word, string SettingsFile)
{
    private readonly Lazy<IReadOnlyList<QuantizationSetting>> _settings = new(() => QuantizationSetting.Read(System.IO.Path.Combine(Folder, "Quantization", SettingsFile)));

    /// <summary>Calibration, static and dynamic quantization and float16, over all models.</summary>
    public static MeasuredTable Quantization { get; } = new("quantization", "settings.yaml") { StandsBesidePeers = true, Introduction = Introductions.Quantization };

    /// <summary>Weights in 8 to 2 bits by every algorithm, over the Transformers.</summary>
    public static MeasuredTable LowBits { get; } = new("low-bits", "low-bits.yaml")
    {
        Models = ["bert-toy", "gpt2-greedy-toy", "gpt2-past-toy", "langid-bert", "manllama"],
        Introduction = Introductions.LowBits,
    };

    /// <summary>Narrower models and zeros, alone and with quantization behind, over the models whose results can be scored.</summary>
    public static MeasuredTable Pruning { get; } = new("pruning", "pruning.yaml")
    {
        Models = ["langid-bert", "manllama", "mnist-cntk", "mnist-pytorch", "ocr-cls", "ocr-det", "ocr-rec", "silero-v5"],
        HasCompressed = true,
        HasRecovery = true,
        Introduction = Introductions.Pruning,
    };

    private static string Folder => System.IO.Path.Combine(Repository.Root, "tests", "ModelOptimizer.Benchmarks");

    public string Path { get; } = System.IO.Path.Combine(Folder, $"{Word}.md");

    public IReadOnlyList<QuantizationSetting> Settings => _settings.Value;

    /// <summary>Names of the models that it is about; null for all.</summary>
    public IReadOnlyList<string>? Models { get; private init; }

    /// <summary>Whether <see cref="PeerFigures"/> stand against its rows.</summary>
    public bool StandsBesidePeers { get; private init; }

    /// <summary>Whether it has a column for compressed sizes.</summary>
    public bool HasCompressed { get; private init; }

    /// <summary>Whether <see cref="RecoverySummary"/> stands below.</summary>
    public bool HasRecovery { get; private init; }

    /// <summary>What stands above the table.</summary>
    public required string Introduction { get; init; }

    public static MeasuredTable? Find(string word) => new[] { Quantization, LowBits, Pruning }.FirstOrDefault(table => table.Word == word);
}
