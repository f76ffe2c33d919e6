using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Benchmarks.Quantization;
using ModelOptimizer.Benchmarks.Results;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Benchmarks;

/// <summary>Optimizes a model as a profile says, all of it as <c>dotnet model-opt optimize</c> does: time of each step, and peaks of memory.</summary>
internal static class ProfileRun
{
    /// <returns>The exit code.</returns>
    public static int Measure(string path, string profilePath)
    {
        var (diagnostics, clock) = (new DiagnosticBag(), new StepClock("calibrate"));
        using var memory = new AnonymousMemory();
        var watch = Stopwatch.StartNew();
        var profile = ProfileReader.Read(profilePath, diagnostics) ?? throw new InvalidOperationException(string.Join("; ", diagnostics.Diagnostics));
        var result = new Optimizer(new OnnxRuntimeEngine(), diagnostics, clock).Run(new OptimizationRequest(path, profile, Path.ChangeExtension(path, ".optimized.onnx")));
        clock.Report("end");
        watch.Stop();
        foreach (var (step, seconds) in clock.Seconds.Where(step => step.Key.Length > 0))
            Say($"{step} {seconds:0.0} s");
        var (before, after) = (result.Report.Original.Bytes, result.Report.Result.Bytes);
        Say($"total {watch.Elapsed.TotalSeconds:0.0} s, {Environment.CpuUsage.UserTime.TotalSeconds:0.0} s of user time, on {Machine.Description}");
        Say($"{before / 1e6:0.0} MB became {after / 1e6:0.0} MB, by {result.Report.Rewrites.Count} rewrites");
        Tell("peak resident memory (VmHWM)", Machine.PeakResidentBytes(), before);
        Tell("peak of what no file backs (RssAnon)", memory.Peak(), before);
        Tell("peak of mapped files (RssFile)", memory.MappedPeak(), before);
        foreach (var diagnostic in diagnostics.Diagnostics)
            Console.WriteLine(diagnostic);
        return result.Accepted ? 0 : 1;
    }

    private static void Tell(string what, long peak, long size) => Say($"{what} {peak / 1e6:0} MB = {(double)peak / size:0.00} x the model");

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
