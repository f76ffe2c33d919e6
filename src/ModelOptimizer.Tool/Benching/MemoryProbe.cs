using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ModelOptimizer.Evaluation;

namespace ModelOptimizer.Tool;

/// <summary>Memory that is resident (the working set) in a process that opens one model and runs it, with what the runtime keeps for later runs.</summary>
/// <param name="PeakBytes">The most that the process had at a time.</param>
/// <param name="BeforeBytes">What it had before it opened the model: .NET, the runtime's code and the inputs.</param>
internal sealed record MemoryUse(long PeakBytes, long BeforeBytes)
{
    /// <summary>What the model added.</summary>
    public long ModelBytes => Math.Max(0, PeakBytes - BeforeBytes);
}

/// <summary>
/// Measures each model in a process of its own: in one that other models ran in before, the peak would be theirs, and memory that they left would
/// serve again.
/// </summary>
internal sealed class MemoryProbe : IDisposable
{
    private readonly string? _samples;

    private MemoryProbe(string? samples) => _samples = samples;

    /// <param name="samples">What the models run on; every one of them, in order.</param>
    public static MemoryProbe For(BenchSamples samples)
    {
        var path = Path.Combine(Path.GetTempPath(), $"model-opt-{Guid.NewGuid():n}.samples");
        return new(SampleFile.TryWrite(path, samples.Samples) ? path : null);
    }

    /// <summary>The memory of one model; null where it can't be measured, which is told to who wants to know more.</summary>
    public MemoryUse? Measure(string model, int threads, CommandContext context)
    {
        if (_samples is null)
            return Without("inputs of texts can't be handed to another process", context);
        using var process = Process.Start(Command(model, threads));
        if (process is null)
            return Without("no other process can be started", context);
        using var registration = context.Cancellation.Register(() => process.Kill());
        // Read side by side, since a full pipe stops who writes into it.
        var mistakes = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        context.Cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
            return Without(mistakes.Result.Trim(), context);
        return JsonSerializer.Deserialize(said, ToolJson.Default.MemoryUse) is { PeakBytes: > 0 } use
            ? use
            : Without("this system does not tell the peak of a process", context);
    }

    public void Dispose()
    {
        if (_samples is not null)
            File.Delete(_samples);
    }

    private static MemoryUse? Without(string why, CommandContext context)
    {
        context.Detail($"No memory figures: {why}");
        return null;
    }

    /// <summary>This very tool, by the .NET that runs it.</summary>
    private ProcessStartInfo Command(string model, int threads)
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        var tool = typeof(MemoryProbe).Assembly.Location;
        return new ProcessStartInfo(host, ["exec", tool, MeasureMemoryCommand.Name, model, _samples!, threads.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }
}
