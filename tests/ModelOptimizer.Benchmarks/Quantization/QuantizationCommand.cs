using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>
/// Optimizes the real models at hand by every profile of a table and writes size, quality, time and memory to its file. What names leave out keeps
/// its row.
/// </summary>
internal sealed class QuantizationCommand(MeasuredTable table)
{
    /// <param name="only">Names of models and of settings; none of a kind means all of it.</param>
    /// <returns>The exit code.</returns>
    public int Run(IReadOnlyList<string> only)
    {
        if (SharedModels.Folder is not { } folder)
        {
            Console.Error.WriteLine("There are no models: set MODEL_OPTIMIZER_MODELS to their folder");
            return 2;
        }
        var models = Directory.GetFiles(folder, "*.onnx").Where(model => table.Models?.Contains(NameOf(model)) != false).Order(StringComparer.Ordinal).ToList();
        var settings = table.Settings.Select(setting => setting.Name).ToList();
        if (only.Except(models.Select(NameOf)).Except(settings).ToList() is [var unknown, ..])
        {
            Console.Error.WriteLine($"There is no model or setting '{unknown}'. Settings: {string.Join(", ", settings)}");
            return 2;
        }
        Measure(Chosen(models, NameOf, only), Chosen(settings, name => name, only));
        return 0;
    }

    /// <summary>The file is written after each model, so that an interruption loses little.</summary>
    private void Measure(IReadOnlyList<string> models, IReadOnlyList<string> settings)
    {
        var report = new QuantizationReport(table);
        foreach (var model in models)
        {
            foreach (var setting in settings)
                Measure(model, setting, report);
            report.Write();
        }
    }

    private void Measure(string model, string setting, QuantizationReport report)
    {
        Console.Error.WriteLine($"{NameOf(model)}: {setting}");
        report.Add(ChildProcess.Measure(table, model, setting, Protocol.Full));
        if (table.StandsBesidePeers && PeerFigures.All.Any(peer => peer.Model == NameOf(model) && peer.Against == setting))
            report.Compare(ChildProcess.Measure(table, model, setting, Protocol.Peer));
    }

    private static List<string> Chosen(List<string> all, Func<string, string> name, IReadOnlyList<string> only) =>
        all.Exists(entry => only.Contains(name(entry))) ? all.FindAll(entry => only.Contains(name(entry))) : all;

    private static string NameOf(string model) => Path.GetFileNameWithoutExtension(model);
}
