using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What the README shows works as it stands there, and says what it claims.</summary>
[Category("EndToEnd")]
public sealed class ReadmeTests
{
    private static readonly string Sample = Path.Combine(Repository.Root, "samples", "LanguageDetector");

    [Test]
    public void Package_and_profile_embed_the_model_and_a_broken_budget_fails_the_build()
    {
        var app = new Consumer("readme");
        CopyData(app.Folder);
        var package = Readme.Snippet("In a build", "xml").Replace("Version=\"0.1.0\"", $"Version=\"{PackageFeed.Version}\"", StringComparison.Ordinal);
        app.Write("App.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup>
                {package}
                <PackageReference Include="Microsoft.ML.OnnxRuntime" Version="1.31.1" />
              </ItemGroup>
            </Project>
            """);
        app.Write("Program.cs", $"using System;\nusing App;\nlong[] ids = [66, 67];\n{Readme.Snippet("In a build", "csharp")}\nConsole.WriteLine(result.LogitsShape[1]);");
        var (profile, budget) = (Readme.Snippet("In a build", "yaml"), Readme.Snippet("In CI", "yaml"));

        app.Write("model-opt.yaml", profile + budget);
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Has.Length.EqualTo(2).And.ItemAt(1).EqualTo("25"));

        app.Write("model-opt.yaml", profile + budget.Replace("2 MiB ", "100 KiB ", StringComparison.Ordinal));
        var broken = app.Build();
        broken.ShouldFail();
        Assert.That(broken.Output, Does.Contain(Readme.Snippet("In CI", "text").TrimEnd('\n', '…')));
    }

    [Test]
    public void The_commands_of_the_tool_run_one_after_the_other()
    {
        var folder = Directory.CreateDirectory(Path.Combine(PackageFeed.Root, "by hand")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "Models"));
        File.Copy(Path.Combine(Sample, "Models", "langid.onnx"), Path.Combine(folder, "Models", "langid.onnx"));
        CopyData(folder);

        var commands = Readme.Snippet("By hand", "console").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(commands, Has.Length.GreaterThan(3).And.All.StartsWith("dotnet "));
        foreach (var command in commands)
            DotNet.RunAtHome(Path.Combine(folder, "home"), folder, Complete(command).Split(' ')[1..]).ShouldSucceed();
        Assert.That(new FileInfo(Path.Combine(folder, "optimized", "langid.onnx")).Length, Is.LessThan(2 << 20));
    }

    /// <summary>Only the version of the test's own package is no release, which an installation must ask for.</summary>
    private static string Complete(string command) =>
        command.StartsWith("dotnet tool install", StringComparison.Ordinal) ? $"{command} --version {PackageFeed.Version}" : command;

    private static void CopyData(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        File.Copy(Path.Combine(Sample, "data", "validation.npz"), Path.Combine(folder, "data", "validation.npz"));
    }
}
