using System.IO.Compression;
using System.Xml.Linq;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Libraries with models, packed: what goes along, and that the package itself never does.</summary>
[Category("EndToEnd")]
public sealed class PackTests
{
    private static Consumer Library(string name, string embedAs)
    {
        var library = Consumer.Small(name, "Lib");
        library.Write("Lib.csproj", Consumer.Project("<TargetFramework>net10.0</TargetFramework>"));
        library.Edit("model-opt.yaml", "class: SmallModel", $"class: SmallModel, as: {embedAs}");
        library.Write("Program.cs", embedAs == "content"
            ? "namespace Lib { public static class Its { public static long Bytes => new System.IO.FileInfo(SmallModel.FilePath).Length; } }"
            : "namespace Lib { public static class Its { public static long Bytes => SmallModel.ReadAllBytes().Length; } }");
        return library;
    }

    private static (string[] Entries, string[] Dependencies) Read(string folder)
    {
        using var archive = ZipFile.OpenRead(Directory.GetFiles(folder, "*.nupkg").Single());
        var nuspec = XDocument.Load(archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open());
        return ([.. archive.Entries.Select(entry => entry.FullName)],
            [.. nuspec.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value)]);
    }

    [TestCase("resource")]
    [TestCase("content")]
    public void A_packed_library_depends_on_nothing_and_brings_no_model_file_unasked(string embedAs)
    {
        var library = Library($"pack {embedAs}", embedAs);
        library.Run("pack", "-o", "out").ShouldSucceed();
        var (entries, dependencies) = Read(library.At("out"));
        Assert.That(dependencies, Is.Empty);
        Assert.That(entries.Where(entry => entry.Contains(".onnx", StringComparison.Ordinal)), Is.Empty);
        Assert.That(entries, Does.Contain("lib/net10.0/Lib.dll"));
    }

    [Test]
    public void Content_goes_into_the_package_when_the_project_wants_it_and_reaches_programs_that_refer_to_that()
    {
        var library = Library("pack wanted", "content");
        library.Write("Lib.csproj", Consumer.Project(
            "<TargetFrameworks>net10.0;netstandard2.0</TargetFrameworks><PackageId>Lib.With.Model</PackageId><ModelOptimizerPackContent>true</ModelOptimizerPackContent>"));
        library.Run("pack", "-o", PackageFeed.Folder).ShouldSucceed();
        var app = Consumer.Small("pack wanted", "Program");
        app.Write("Program.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><PackageReference Include="Lib.With.Model" Version="1.0.0" /></ItemGroup>
            </Project>
            """);
        app.Write("Program.cs", "System.Console.WriteLine(Lib.Its.Bytes);");
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{library.Length("obj/Release/net10.0/model-opt/small.onnx")}" }));

        library.Write("Lib.csproj", File.ReadAllText(library.At("Lib.csproj")).Replace("<TargetFrameworks>net10.0;netstandard2.0<", "<TargetFrameworks>net10.0<", StringComparison.Ordinal));
        library.Run("pack", "-o", "out", "--no-build").ShouldSucceed();
        Assert.That(Read(library.At("out")).Entries.Where(entry => entry.EndsWith(".onnx", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "contentFiles/any/net10.0/Models/small.onnx" }));
    }

    [Test]
    public void With_central_versions_a_global_reference_is_enough_and_does_not_leak_either()
    {
        var library = Library("pack global", "resource");
        library.Write("Directory.Packages.props", $"""
            <Project>
              <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>
              <ItemGroup><GlobalPackageReference Include="ModelOptimizer.Tasks" Version="{PackageFeed.Version}" /></ItemGroup>
            </Project>
            """);
        library.Write("Lib.csproj", """<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>""");
        Assert.That(library.Run("pack", "-o", "out").ShouldSucceed().ToolRuns, Is.EqualTo(new[] { "PlanModels", "OptimizeModels", "EmbedModels" }));
        Assert.That(Read(library.At("out")).Dependencies, Is.Empty);
    }

    [Test]
    public void A_locked_restore_holds()
    {
        var app = Consumer.Small("locked");
        app.Write("App.csproj", Consumer.Project(
            "<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><RestorePackagesWithLockFile>true</RestorePackagesWithLockFile>"));
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        Assert.That(File.ReadAllText(app.At("packages.lock.json")), Does.Contain("ModelOptimizer.Tasks"));
        DotNet.Run(app.Folder, "restore", "--locked-mode", "--force").ShouldSucceed();
        app.Build("--no-restore").ShouldSucceed();
    }
}
