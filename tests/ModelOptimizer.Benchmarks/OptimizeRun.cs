using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Benchmarks;

/// <summary>Load, quantize-weights, save: time of each step and the peak of memory that no file backs.</summary>
internal static class OptimizeRun
{
    public static void Measure(string path, int bits, string algorithm = "round-to-nearest")
    {
        using var memory = new AnonymousMemory();
        var total = Stopwatch.StartNew();
        var model = Step("load", () => OnnxModel.Load(path));
        var log = new RewriteLog();
        var pass = new QuantizeWeights(new QuantizeWeightsOptions { Bits = bits, Algorithm = WeightAlgorithm.Find(algorithm)! });
        Step("quantize", () =>
        {
            PassRunner.Run(new PassContext(model, log, new OnnxRuntimeEngine(), new DiagnosticBag()), pass);
            return log;
        });
        Step("save", () =>
        {
            ModelWriter.Save(model, Path.ChangeExtension(path, $".int{bits}.onnx"));
            return model;
        });
        total.Stop();
        var size = log.Weights.Sum(weight => weight.BytesBefore);
        Say($"total {total.Elapsed.TotalSeconds:0.00} s, peak RssAnon {memory.Peak() / 1e6:0} MB = {(double)memory.Peak() / size:0.00} x {size / 1e6:0} MB of weights");
        Say($"of mapped files at most {memory.MappedPeak() / 1e6:0} MB were resident; {size / 1e9 / total.Elapsed.TotalSeconds:0.00} GB/s, {size / 1e9 / Environment.CpuUsage.TotalTime.TotalSeconds:0.00} GB a second of processor time");
        Say($"{log.Weights.Count(weight => weight.Form is not null)} weights: {log.Weights[0].Form}");
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
