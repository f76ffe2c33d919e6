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

    /// <summary>The whole list: what comes or goes is seen in the change that brings it about. The tool's dependencies are those of its own package.</summary>
    [TestCase("ModelOptimizer.Tasks")]
    [TestCase("ModelOptimizer.Tool")]
    public void A_package_has_these_entries(string package) => Golden.Verify(string.Join('\n',
        Entries(package, out _).Where(entry => !entry.EndsWith(".psmdcp", StringComparison.Ordinal))), $"PackageTests.{package}");

    [Test]
    public void Readme_icon_licence_and_commit_are_in_the_package()
    {
        using var archive = ZipFile.OpenRead(Path.Combine(PackageFeed.Folder, $"ModelOptimizer.Tasks.{PackageFeed.Version}.nupkg"));
        using var stream = archive.GetEntry("ModelOptimizer.Tasks.nuspec")!.Open();
        var metadata = System.Xml.Linq.XDocument.Load(stream).Descendants().ToLookup(element => element.Name.LocalName, element => element.Value);
        Assert.That(metadata["license"], Is.EqualTo(new[] { "MIT" }));
        Assert.That(metadata["readme"], Is.EqualTo(new[] { "README.md" }));
        Assert.That(metadata["icon"], Is.EqualTo(new[] { "icon.png" }));
        Assert.That(metadata["developmentDependency"], Is.EqualTo(new[] { "true" }));
        Assert.That(metadata["dependency"], Is.Empty);
    }

    [Test]
    public void Two_packs_are_equal_byte_by_byte()
    {
        var again = Path.Combine(PackageFeed.Root, "feed again");
        DotNet.Pack(Path.Combine(Repository.Root, "src", "ModelOptimizer.Tasks"), again, PackageFeed.Version);
        var file = $"ModelOptimizer.Tasks.{PackageFeed.Version}.nupkg";
        Assert.That(Digest(Path.Combine(again, file)), Is.EqualTo(Digest(Path.Combine(PackageFeed.Folder, file))));

        static string Digest(string path)
        {
            using var stream = File.OpenRead(path);
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(stream));
        }
    }

    /// <summary>Packages from Windows have no execute bits, and a build machine may forbid to write into them.</summary>
    [Test]
    public void A_package_that_can_neither_be_executed_nor_written_to_works()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("Windows knows no such bits");
            return;
        }
        var app = Consumer.Small("bits");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        var package = Path.Combine(PackageFeed.Cache, "modeloptimizer.tasks", PackageFeed.Version);
        foreach (var file in Directory.GetFiles(package, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        var before = Snapshot.Of(package);
        app.Build("--no-restore").ShouldSucceed();
        Assert.That(Snapshot.Of(package), Is.EqualTo(before), "nothing is written there");
    }

    [Test]
    public void The_schema_in_the_package_is_the_one_that_the_tool_writes()
    {
        using var archive = ZipFile.OpenRead(Path.Combine(PackageFeed.Folder, $"ModelOptimizer.Tasks.{PackageFeed.Version}.nupkg"));
        using var reader = new StreamReader(archive.GetEntry("schema/model-opt.schema.json")!.Open());
        Assert.That(reader.ReadToEnd(), Is.EqualTo(Profiles.ProfileSchema.Text));
    }

    [Test]
    public void The_tool_installs_from_a_folder_and_optimizes() =>
        InstallAndOptimize(Directory.CreateDirectory(Path.Combine(PackageFeed.Root, "tool")).FullName, PackageFeed.Version);

    [Test]
    public void Packed_for_each_platform_the_tool_brings_the_runtime_of_that_one_only()
    {
        var folder = Directory.CreateDirectory(Path.Combine(PackageFeed.Root, "tool by platform")).FullName;
        var (feed, version) = (Path.Combine(folder, "feed"), PackageFeed.Version + ".platforms");
        DotNet.Pack(Path.Combine(Repository.Root, "src", "ModelOptimizer.Tool"), feed, version, "-p:PackForEachPlatform=true");
        var sizes = Directory.GetFiles(feed).ToDictionary(file => Path.GetFileName(file)["ModelOptimizer.Tool.".Length..^$"{version}.nupkg".Length].TrimEnd('.'),
            file => new FileInfo(file).Length);
        Assert.That(sizes.Keys, Is.EquivalentTo(new[] { "", "any" }.Concat(Desktops)));
        Assert.That(Desktops.Select(platform => sizes[platform]), Has.All.LessThan(20_000_000));
        Assert.That(sizes[""], Is.LessThan(50_000), "it only names the others");

        File.WriteAllText(Path.Combine(folder, "nuget.config"),
            $"""<configuration><packageSources><clear /><add key="by platform" value="{feed}" /></packageSources></configuration>""");
        InstallAndOptimize(folder, version);
    }

    private static void InstallAndOptimize(string folder, string version)
    {
        DotNet.Run(folder, "new", "tool-manifest").ShouldSucceed();
        DotNet.Run(folder, "tool", "install", "ModelOptimizer.Tool", "--version", version).ShouldSucceed();
        var model = Path.Combine(Repository.Root, "samples", "LanguageDetector", "Models", "langid.onnx");
        DotNet.Run(folder, "model-opt", "optimize", model, "--preset", "weights-int8", "-o", "small.onnx").ShouldSucceed();
        Assert.That(new FileInfo(Path.Combine(folder, "small.onnx")).Length, Is.LessThan(new FileInfo(model).Length / 3));
    }
}
