using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>
/// Quantizes all real models at hand in every way that <c>settings.yaml</c> has and writes size, quality, time and memory to
/// <c>quantization.md</c> beside the benchmarks. What names leave out keeps its row.
/// </summary>
internal static class QuantizationCommand
{
    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "ModelOptimizer.Benchmarks");

    /// <param name="only">Names of models and of settings; none of a kind means all of it.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> only)
    {
        if (SharedModels.Folder is not { } folder)
        {
            Console.Error.WriteLine("There are no models: set MODEL_OPTIMIZER_MODELS to their folder");
            return 2;
        }
        var models = Directory.GetFiles(folder, "*.onnx").Order(StringComparer.Ordinal).ToList();
        var settings = QuantizationSetting.All.Select(setting => setting.Name).ToList();
        if (only.Except(models.Select(NameOf)).Except(settings).ToList() is [var unknown, ..])
        {
            Console.Error.WriteLine($"There is no model or setting '{unknown}'. Settings: {string.Join(", ", settings)}");
            return 2;
        }
        Measure(Chosen(models, NameOf, only), Chosen(settings, name => name, only), settings);
        return 0;
    }

    /// <summary>The file is written after each model, so that an interruption loses little.</summary>
    private static void Measure(IReadOnlyList<string> models, IReadOnlyList<string> settings, IReadOnlyList<string> all)
    {
        var path = Path.Combine(Folder, "quantization.md");
        var report = new QuantizationReport(path);
        foreach (var model in models)
        {
            foreach (var setting in settings)
                Measure(model, setting, report);
            report.Write(path, all);
        }
    }

    private static void Measure(string model, string setting, QuantizationReport report)
    {
        Console.Error.WriteLine($"{NameOf(model)}: {setting}");
        report.Add(ChildProcess.Measure(model, setting, Protocol.Full));
        if (PeerFigures.All.Any(peer => peer.Model == NameOf(model) && peer.Against == setting))
            report.Compare(ChildProcess.Measure(model, setting, Protocol.Peer));
    }

    private static List<string> Chosen(List<string> all, Func<string, string> name, IReadOnlyList<string> only) =>
        all.Exists(entry => only.Contains(name(entry))) ? all.FindAll(entry => only.Contains(name(entry))) : all;

    private static string NameOf(string model) => Path.GetFileNameWithoutExtension(model);
}
