using System.Diagnostics;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>Measures in a process of its own, so that peaks of memory are honest and a crash costs one row.</summary>
internal static class ChildProcess
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(20);

    public static QuantizationRow Measure(MeasuredTable table, string model, string setting, Protocol protocol)
    {
        using var child = Process.Start(Start(table, model, setting, protocol))!;
        // Both are read at once: a full pipe that nobody reads would stop the child.
        var (output, errors) = (child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync());
        if (!child.WaitForExit(Longest))
        {
            child.Kill();
            return Failed(model, setting, $"took more than {Longest.TotalMinutes} minutes");
        }
        return child.ExitCode == 0
            ? QuantizationRow.Parse(LastLine(output.Result))
            : Failed(model, setting, $"exit code {child.ExitCode}: {FirstLine(errors.Result)}");
    }

    private static ProcessStartInfo Start(MeasuredTable table, string model, string setting, Protocol protocol) =>
        new("dotnet", [typeof(ChildProcess).Assembly.Location, table.Word, QuantizationRun.Word, model, setting, protocol.Name])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

    private static QuantizationRow Failed(string model, string setting, string why) => new(Path.GetFileNameWithoutExtension(model), setting) { Trouble = why };

    private static string FirstLine(string text) => text.Split('\n')[0].Trim();

    private static string LastLine(string text) => text.TrimEnd().Split('\n')[^1];
}
