using System.Diagnostics;
using System.Globalization;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// Reads, simplifies and writes generated models of doubling size: time must not much more than double. The ratio is that of processor time, which other programs don't
/// disturb.
/// </summary>
internal static class ScaleRun
{
    public static void Measure(IReadOnlyList<int> sizes)
    {
        // The first run compiles the code and loads the runtime.
        Simplify(sizes[0] / 10);
        double? before = null;
        Console.WriteLine("   nodes    left   seconds   CPU s   ratio   peak MiB");
        foreach (var size in sizes)
        {
            var (left, seconds, processor, peak) = Simplify(size);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{size,8}{left,8}{seconds,10:0.00}{processor,8:0.00}{(before is { } half ? processor / half : 1),8:0.00}{peak / (1 << 20),11}"));
            before = processor;
        }
    }

    private static (int Left, double Seconds, double Processor, long Peak) Simplify(int nodes)
    {
        var bytes = ModelWriter.ToBytes(ScaleModel.Build(nodes));
        GC.Collect();
        using var memory = new AnonymousMemory();
        var (watch, before) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var model = OnnxModel.Parse(bytes);
        var log = new RewriteLog();
        PassRunner.Run(new PassContext(model, log, new OnnxRuntimeEngine(), new DiagnosticBag()), new Simplify(new SimplifyOptions()));
        ModelWriter.ToBytes(model);
        var (seconds, processor) = (watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        return (log.Runs[^1].After.Nodes, seconds, processor, memory.Peak());
    }
}
