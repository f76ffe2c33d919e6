using System.CommandLine;
using System.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.OnnxRuntime;

namespace ModelOptimizer.Tool;

/// <summary>What <c>bench</c> starts for each model: opens it as an app does, runs all samples, and says how much memory that took.</summary>
internal static class MeasureMemoryCommand
{
    public const string Name = "measure-memory";

    /// <summary>The second run reuses what the first one left: more runs take no more.</summary>
    private const int RunsPerSample = 2;

    public static ToolCommand Create()
    {
        var model = Arguments.Model();
        var samples = new Argument<string>("SAMPLES") { Description = "What bench wrote down to run on" };
        var threads = new Argument<int>("THREADS") { Description = "Threads within an operator" };
        return new ToolCommand(Name, "Measure the memory of one model, for bench", $"{Name} model.onnx bench.samples 1")
        {
            model,
            samples,
            threads,
        }.Hide().Does((parsed, context) =>
        {
            var use = Measure(parsed.GetValue(model)!, parsed.GetValue(samples)!, parsed.GetValue(threads));
            context.WriteJson(use, ToolJson.Readable.MemoryUse);
        });
    }

    private static MemoryUse Measure(string model, string samples, int threads)
    {
        var inputs = SampleFile.Read(samples);
        // The runtime's own code is no part of the model.
        _ = new OnnxRuntimeEngine().Description;
        GC.Collect();
        ForgetPeak();
        using var process = Process.GetCurrentProcess();
        var before = process.WorkingSet64;
        using (var session = OnnxRuntimeEngine.OpenFile(model, new SessionSettings(Threads: threads)))
            foreach (var sample in inputs.SelectMany(sample => Enumerable.Repeat(sample, RunsPerSample)))
                Run(session, sample);
        process.Refresh();
        return new MemoryUse(process.PeakWorkingSet64, before);
    }

    private static void Run(IInferenceSession session, IReadOnlyDictionary<string, Onnx.Tensor> sample)
    {
        var held = sample.ToDictionary(input => input.Key, input => session.Hold(input.Value));
        foreach (var output in session.Run(held))
            output.Dispose();
        foreach (var input in held.Values)
            input.Dispose();
    }

    /// <summary>Linux can begin anew (proc(5), clear_refs); elsewhere the start of .NET, which takes less than most models, counts as well.</summary>
    private static void ForgetPeak()
    {
        try
        {
            if (OperatingSystem.IsLinux())
                File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Some sandboxes forbid it; the peak so far stays in the figure.
        }
    }
}
