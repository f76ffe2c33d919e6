using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Benchmarks;

/// <summary>
/// What the package adds to a build with nothing to do: projects without it, with 1 and with 50 models are built in turn, and the medians compared.
/// The packages are made and restored as a user would, in a temporary folder.
/// </summary>
internal static partial class BuildRun
{
    private const int Width = 64;

    private static readonly int[] s_models = [0, 1, 50];

    public static int Measure(int rounds)
    {
        var root = Directory.CreateTempSubdirectory("model-opt-build-").FullName;
        try
        {
            var version = $"0.1.0-bench.{Environment.ProcessId}";
            foreach (var project in new[] { "ModelOptimizer.Tasks" })
                DotNet(Path.Combine(Repository.Root, "src", project), "pack", "-c", "Release", "-o", Path.Combine(root, "feed"), $"-p:PackageVersion={version}", "-v:q");
            var projects = s_models.Select(models => Project(root, version, models)).ToArray();
            foreach (var project in projects)
            {
                var first = DotNet(project, "build", "-v:q");
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(project)}: first build {first.Wall.TotalSeconds:0.0} s"));
            }
            Compare(projects, rounds);
            Targets(projects[^1]);
            return 0;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static void Compare(string[] projects, int rounds)
    {
        var times = projects.Select(_ => new List<(TimeSpan Wall, TimeSpan Cpu, string Output)>()).ToArray();
        for (var round = 0; round <= rounds; round++)
            for (var i = 0; i < projects.Length; i++)
            {
                var time = DotNet(projects[i], "build", "--no-restore", "-v:q", "-m:1");
                if (round > 0)
                    times[i].Add(time);
            }
        for (var i = 0; i < projects.Length; i++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(projects[i]),-10} wall {Text(times[i], time => time.Wall)}, CPU {Text(times[i], time => time.Cpu)}")
                + string.Create(CultureInfo.InvariantCulture, $"   over none: wall {Over(times[0], times[i], time => time.Wall):+0;-0} ms, CPU {Over(times[0], times[i], time => time.Cpu):+0;-0} ms (medians of pairs)"));
    }

    private static string Text(List<(TimeSpan Wall, TimeSpan Cpu, string Output)> times, Func<(TimeSpan Wall, TimeSpan Cpu, string Output), TimeSpan> which)
    {
        var sorted = times.Select(time => which(time).TotalMilliseconds).Order().ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2]:0} ms ({sorted[sorted.Length / 4]:0} to {sorted[sorted.Length * 3 / 4]:0})");
    }

    private static double Over(List<(TimeSpan Wall, TimeSpan Cpu, string Output)> none, List<(TimeSpan Wall, TimeSpan Cpu, string Output)> some,
        Func<(TimeSpan Wall, TimeSpan Cpu, string Output), TimeSpan> which)
    {
        var differences = none.Zip(some, (a, b) => (which(b) - which(a)).TotalMilliseconds).Order().ToArray();
        return differences[differences.Length / 2];
    }

    /// <summary>MSBuild's own account of where the time of a build with nothing to do goes.</summary>
    private static void Targets(string project)
    {
        Console.WriteLine($"\nTargets of the package, {Path.GetFileName(project)}, nothing to do:");
        foreach (Match line in TargetLine().Matches(DotNet(project, "build", "--no-restore", "-v:m", "-m:1", "-clp:PerformanceSummary").Output))
            Console.WriteLine(line.Value.TrimEnd());
    }

    private static string Project(string root, string version, int models)
    {
        var folder = Path.Combine(root, $"Models{models}");
        Directory.CreateDirectory(Path.Combine(folder, "Models"));
        for (var i = 0; i < models; i++)
        {
            WriteModel(Path.Combine(folder, "Models", $"model{i}.onnx"), i);
            File.WriteAllText(Path.Combine(folder, $"model{i}.model-opt.yaml"), $"version: 1\nmodel: Models/model{i}.onnx\npasses: [quantize-weights]\n");
        }
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration><packageSources><add key="bench" value="{Path.Combine(root, "feed")}" /></packageSources></configuration>
            """);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), "System.Console.WriteLine();");
        File.WriteAllText(Path.Combine(folder, $"Models{models}.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><RestorePackagesPath>{root}/packages</RestorePackagesPath></PropertyGroup>
              {(models == 0 ? "" : $"<ItemGroup><PackageReference Include=\"ModelOptimizer.Tasks\" Version=\"{version}\" PrivateAssets=\"all\" /></ItemGroup>")}
            </Project>
            """);
        return folder;
    }

    private static void WriteModel(string path, int seed)
    {
        var random = new Random(seed);
        var graph = new GraphBuilder();
        var weight = graph.Initializer("weight", [Width, Width], [.. Enumerable.Range(0, Width * Width).Select(_ => random.NextSingle() - 0.5f)]);
        graph.Output("y", graph.Op("MatMul", graph.Input("x", DataType.Float, 1, Width), weight), new TensorType(DataType.Float, new Shape([1, Width])));
        ModelWriter.Save(graph.Build(), path);
    }

    private static (TimeSpan Wall, TimeSpan Cpu, string Output) DotNet(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        var (clock, cpu) = (Stopwatch.StartNew(), ChildrenCpu());
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} failed in {folder}:\n{output}");
        return (clock.Elapsed, ChildrenCpu() - cpu, output);
    }

    /// <summary>Time that ended processes and theirs took of all processors: the kernel's count in hundredths of a second; zero elsewhere than on Linux.</summary>
    private static TimeSpan ChildrenCpu()
    {
        const string Stat = "/proc/self/stat";
        if (!File.Exists(Stat))
            return TimeSpan.Zero;
        // Behind the name, which may have blanks: utime and stime are fields 14 and 15 of the whole line, those of children 16 and 17.
        var text = File.ReadAllText(Stat);
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)));
    }

    [GeneratedRegex(@"^ *\d+ ms +(_\w*Model\w*|OptimizeModels) +\d+ calls", RegexOptions.Multiline)]
    private static partial Regex TargetLine();
}
