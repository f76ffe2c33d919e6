using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Benchmarks;

/// <summary>Load, quantize-weights, save: time of each step and the peak of memory that no file backs.</summary>
internal static class OptimizeRun
{
    public static void Measure(string path, int bits, string algorithm = "round-to-nearest") =>
        Measure(path, $"int{bits}", new QuantizeWeightsOptions { Bits = bits, Algorithm = WeightAlgorithm.Find(algorithm)! });

    /// <summary>The same within a budget, without data.</summary>
    public static void MeasureBudget(string path, string size) => Measure(path, "budget", new QuantizeWeightsOptions
    {
        Budget = ByteSize.TryParse(size, out var budget) ? budget : throw new ArgumentException($"'{size}' is no size", nameof(size)),
    });

    private static void Measure(string path, string name, QuantizeWeightsOptions options)
    {
        var written = Path.ChangeExtension(path, $".{name}.onnx");
        using var memory = new AnonymousMemory();
        var total = Stopwatch.StartNew();
        var model = Step("load", () => OnnxModel.Load(path));
        var log = new RewriteLog();
        var pass = new QuantizeWeights(options);
        Step("quantize", () =>
        {
            var context = new PassContext(model, log, new OnnxRuntimeEngine(), new DiagnosticBag()) { OutputName = Path.GetFileName(written) };
            PassRunner.Run(context, pass);
            return log;
        });
        Step("save", () =>
        {
            ModelWriter.Save(model, written);
            return model;
        });
        total.Stop();
        var size = log.Weights.Sum(weight => weight.BytesBefore);
        Say($"total {total.Elapsed.TotalSeconds:0.00} s, peak RssAnon {memory.Peak() / 1e6:0} MB = {(double)memory.Peak() / size:0.00} x {size / 1e6:0} MB of weights");
        Say($"of mapped files at most {memory.MappedPeak() / 1e6:0} MB were resident; {size / 1e9 / total.Elapsed.TotalSeconds:0.00} GB/s, {size / 1e9 / Environment.CpuUsage.TotalTime.TotalSeconds:0.00} GB a second of processor time");
        foreach (var form in log.Weights.CountBy(weight => weight.Form ?? "float32"))
            Say($"{form.Value} weights: {form.Key}");
        foreach (var budget in log.SizeBudgets)
            Say($"{new ByteSize(budget.Bytes)} of {new ByteSize(budget.Budget)}, error {budget.Error:g3}");
    }

    private static T Step<T>(string name, Func<T> run)
    {
        var watch = Stopwatch.StartNew();
        var result = run();
        Say($"{name} {watch.Elapsed.TotalSeconds:0.00} s");
        return result;
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
