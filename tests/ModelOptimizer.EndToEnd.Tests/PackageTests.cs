using System.IO.Compression;
using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What the packages hold, and the tool as installed.</summary>
[Category("EndToEnd")]
public sealed class PackageTests
{
    private const long Largest = 60_000_000;

    private static readonly string[] Desktops = ["linux-arm64", "linux-x64", "osx-arm64", "win-arm64", "win-x64"];

    private static string[] Entries(string package, out long size)
    {
        var file = Path.Combine(PackageFeed.Folder, $"{package}.{PackageFeed.Version}.nupkg");
        size = new FileInfo(file).Length;
        using var archive = ZipFile.OpenRead(file);
        return [.. archive.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal)];
    }

    [TestCase("ModelOptimizer.Tasks")]
    [TestCase("ModelOptimizer.Tool")]
    public void A_package_has_the_runtime_for_desktops_only_and_keeps_its_size(string package)
    {
        var entries = Entries(package, out var size);
        Assert.That(size, Is.LessThan(Largest));
        Assert.That(entries.Where(entry => entry.Contains("/runtimes/", StringComparison.Ordinal)).Select(entry => entry.Split('/')[4]).Distinct(), Is.EqualTo(Desktops));
        Assert.That(entries, Does.Contain("tools/net10.0/any/model-opt.dll"));
        Assert.That(entries, Does.Contain("tools/net10.0/any/model-opt.deps.json"));
        Assert.That(entries, Does.Contain("tools/net10.0/any/model-opt.runtimeconfig.json"));
    }

    [Test]
    public void The_task_package_has_no_lib_and_its_targets_where_NuGet_looks()
    {
        var entries = Entries("ModelOptimizer.Tasks", out _);
        Assert.That(entries.Where(entry => entry.StartsWith("lib/", StringComparison.Ordinal)), Is.Empty);
        Assert.That(entries.Where(entry => entry.StartsWith("build/", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "build/ModelOptimizer.Tasks.props", "build/ModelOptimizer.Tasks.targets" }));
        Assert.That(entries.Where(entry => entry.StartsWith("tasks/", StringComparison.Ordinal)), Is.EqualTo(new[]
        {
            "tasks/netstandard2.0/Microsoft.Extensions.FileSystemGlobbing.dll",
            "tasks/netstandard2.0/ModelOptimizer.Tasks.deps.json",
            "tasks/netstandard2.0/ModelOptimizer.Tasks.dll",
        }));
    }

    [Test]
    public void The_tool_installs_from_a_folder_and_optimizes()
    {
        var folder = Directory.CreateDirectory(Path.Combine(PackageFeed.Root, "tool")).FullName;
        DotNet.Run(folder, "new", "tool-manifest").ShouldSucceed();
        DotNet.Run(folder, "tool", "install", "ModelOptimizer.Tool", "--version", PackageFeed.Version).ShouldSucceed();
        var model = Path.Combine(Repository.Root, "samples", "LanguageDetector", "Models", "langid.onnx");
        DotNet.Run(folder, "model-opt", "optimize", model, "--preset", "weights-int8", "-o", "small.onnx").ShouldSucceed();
        Assert.That(new FileInfo(Path.Combine(folder, "small.onnx")).Length, Is.LessThan(new FileInfo(model).Length / 3));
    }
}
