using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelOptimizer.Benchmarks.Results;

/// <summary>The machine and process at work.</summary>
internal static class Machine
{
    /// <summary>Cores, processor and platform.</summary>
    public static string Description
    {
        get
        {
            const string Table = "/proc/cpuinfo";
            var processor = File.Exists(Table)
                ? File.ReadLines(Table).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[^1].Trim()
                : null;
            return $"{Environment.ProcessorCount} cores ({processor ?? "unknown processor"}), {RuntimeInformation.RuntimeIdentifier}";
        }
    }

    /// <summary>The most memory that this process has had resident so far, in bytes (Linux); 0 where the system does not tell.</summary>
    public static long PeakResidentBytes()
    {
        const string Status = "/proc/self/status";
        var line = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null ? 0 : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture);
    }
}
