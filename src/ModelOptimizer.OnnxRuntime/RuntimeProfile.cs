using System.Text.Json;
using ModelOptimizer.Inference;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>
/// Reads the runtime's profile: a list of events in the format of Chrome's trace viewer, times in microseconds. Every run is an event
/// <c>model_run</c>; the kernels that it started lie within it, and those of a body within the kernel of the If or Loop.
/// </summary>
internal static class RuntimeProfile
{
    private const string RunEvent = "model_run";
    private const string KernelSuffix = "_kernel_time";

    /// <summary>The time of each kernel in each run, in the order of first starts.</summary>
    public static IReadOnlyList<KernelTime> Read(Stream profile)
    {
        using var document = JsonDocument.Parse(profile);
        var events = document.RootElement.EnumerateArray().ToList();
        var runs = events.Where(e => Text(e, "name") == RunEvent).Select(Span.Of).OrderBy(run => run.Start).ToList();
        var times = new Dictionary<(string Name, string OpType), double[]>();
        foreach (var (kernel, own) in OwnTimes(events.Where(IsKernel).Select(Kernel.Of)))
            if (RunOf(kernel.Span, runs) is >= 0 and var run)
            {
                if (!times.TryGetValue((kernel.Name, kernel.OpType), out var byRun))
                    times.Add((kernel.Name, kernel.OpType), byRun = new double[runs.Count]);
                byRun[run] += own;
            }
        return [.. times.Select(pair => new KernelTime(pair.Key.Name, pair.Key.OpType, pair.Value))];
    }

    /// <summary>Each kernel with its time less that of the kernels within it.</summary>
    private static List<(Kernel Kernel, double Own)> OwnTimes(IEnumerable<Kernel> kernels)
    {
        // Who starts at the same microsecond and ends later holds the other.
        var all = kernels.OrderBy(kernel => kernel.Span.Start).ThenByDescending(kernel => kernel.Span.Length)
            .Select(kernel => (Kernel: kernel, Own: kernel.Span.Length)).ToList();
        var open = new Stack<int>();
        for (var i = 0; i < all.Count; i++)
        {
            while (open.TryPeek(out var outer) && !(all[outer].Kernel.HasBody && all[outer].Kernel.Span.Holds(all[i].Kernel.Span)))
                open.Pop();
            if (open.TryPeek(out var around))
                all[around] = (all[around].Kernel, Math.Max(0, all[around].Own - all[i].Kernel.Span.Length));
            open.Push(i);
        }
        return all;
    }

    /// <summary>The number of the run, by bisection; -1 for none.</summary>
    private static int RunOf(Span kernel, List<Span> runs)
    {
        var (low, high) = (0, runs.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = runs[middle].Start <= kernel.Start ? (middle, high) : (low, middle - 1);
        }
        return runs.Count > 0 && runs[low].Holds(kernel) ? low : -1;
    }

    private static bool IsKernel(JsonElement e) => Text(e, "cat") == "Node" && Text(e, "name").EndsWith(KernelSuffix, StringComparison.Ordinal);

    private static string Text(JsonElement e, string key) => e.TryGetProperty(key, out var value) ? value.GetString() ?? "" : "";

    /// <summary>A stretch of time in microseconds since the session began.</summary>
    private readonly record struct Span(double Start, double Length)
    {
        public static Span Of(JsonElement e) => new(e.GetProperty("ts").GetDouble(), e.GetProperty("dur").GetDouble());

        public bool Holds(Span other) => Start <= other.Start && other.Start + other.Length <= Start + Length;
    }

    private sealed record Kernel(string Name, string OpType, Span Span)
    {
        /// <summary>Starts are cut to whole microseconds, so that neighbours may seem to overlap; only these hold others indeed.</summary>
        public bool HasBody => OpType is "If" or "Loop" or "Scan" or "SequenceMap"
            || OpType.EndsWith("Search", StringComparison.Ordinal) || OpType == "Sampling";

        public static Kernel Of(JsonElement e) =>
            new(Text(e, "name")[..^KernelSuffix.Length], Text(e.GetProperty("args"), "op_name"), Span.Of(e));
    }
}
