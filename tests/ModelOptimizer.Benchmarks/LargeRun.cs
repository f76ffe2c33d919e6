using System.Diagnostics;
using System.Globalization;

namespace ModelOptimizer.Benchmarks;

/// <summary>Optimizes a generated model of some GiB with external data in a process of its own, and leaves nothing behind.</summary>
internal static class LargeRun
{
    /// <param name="how">What <c>optimize</c> is told beside the model: bits and an algorithm, or a budget.</param>
    public static int Measure(long gibibytes, IEnumerable<string> how, bool isHalf)
    {
        var folder = Directory.CreateTempSubdirectory("model-opt-");
        try
        {
            var path = Path.Combine(folder.FullName, "large.onnx");
            var watch = Stopwatch.StartNew();
            LargeModel.Write(path, inline: false, opset: 21, LargeModel.LayersOf(gibibytes), isHalf);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"generate {watch.Elapsed.TotalSeconds:0.00} s, {new FileInfo($"{path}.data").Length / (double)(1 << 30):0.00} GiB of external data"));
            return Optimize(path, how);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs <c>optimize</c> in a process of its own.</summary>
    /// <returns>Its exit code.</returns>
    public static int Optimize(string path, IEnumerable<string> how)
    {
        using var child = Process.Start("dotnet", [typeof(LargeRun).Assembly.Location, "optimize", path, .. how]);
        child.WaitForExit();
        return child.ExitCode;
    }
}
