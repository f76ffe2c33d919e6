using Microsoft.Build.Logging.StructuredLogger;
using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A user's project: the package, a profile and a model, in a folder whose name has a space and more.</summary>
internal sealed class Consumer
{
    public const string Profile = """
        version: 1
        model: Models/langid.onnx
        passes:
          - quantize-weights
        embed: { class: LanguageModel }
        """;

    private const string PrintLength = "System.Console.WriteLine(App.LanguageModel.ReadAllBytes().Length);";

    private int _builds;

    public Consumer(string name)
    {
        Folder = Path.Combine(PackageFeed.Root, $"{name} ü@1", "App");
        Directory.CreateDirectory(Path.Combine(Folder, "Models"));
        File.Copy(Path.Combine(Repository.Root, "samples", "LanguageDetector", "Models", "langid.onnx"), Path.Combine(Folder, "Models", "langid.onnx"));
        Write("App.csproj", Project());
        Write("Program.cs", PrintLength);
        Write("model-opt.yaml", Profile);
    }

    public string Folder { get; }

    /// <summary>Where the package puts what it makes.</summary>
    public string Output => Path.Combine(Folder, "obj", "Debug", "net10.0", "model-opt");

    public string Optimized => Path.Combine(Output, "langid.onnx");

    public static string Project(string properties = "<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework>", string items = "") => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>{properties}</PropertyGroup>
          <ItemGroup>
            <PackageReference Include="ModelOptimizer.Tasks" Version="{PackageFeed.Version}" PrivateAssets="all" />
            {items}
          </ItemGroup>
        </Project>
        """;

    public void Write(string path, string text) => File.WriteAllText(Path.Combine(Folder, path), text);

    public long Length(string path) => new FileInfo(Path.Combine(Folder, path)).Length;

    /// <summary>Runs <c>dotnet build</c> and reads its binary log.</summary>
    public BuildLog Build(params string[] arguments) => Run("build", arguments);

    public BuildLog Run(string verb, params string[] arguments)
    {
        var binlog = Path.Combine(PackageFeed.Root, $"{Guid.NewGuid():n}-{++_builds}.binlog");
        var result = DotNet.Run(Folder, [verb, .. arguments, $"-bl:{binlog}"]);
        return new BuildLog(result, BinaryLog.ReadBuild(binlog));
    }

    /// <summary>Runs the program that was built, and returns the lines that it prints.</summary>
    public string[] RunProgram(params string[] arguments) =>
        DotNet.Run(Folder, ["bin/Debug/net10.0/App.dll", .. arguments]).ShouldSucceed().Output.Trim().Split('\n');
}
