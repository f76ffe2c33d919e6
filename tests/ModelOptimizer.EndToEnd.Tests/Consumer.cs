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

    /// <summary>For the model of <see cref="Small"/>.</summary>
    public const string SmallProfile = """
        version: 1
        model: Models/small.onnx
        passes: [quantize-weights]
        embed: { class: SmallModel }
        """;

    /// <summary>ONNX Runtime, in the version that the machine's cache has.</summary>
    public const string Runtime = """
        <PackageReference Include="Microsoft.ML.OnnxRuntime" Version="1.31.1" /><PackageReference Include="System.Numerics.Tensors" Version="10.0.12" />
        """;

    private int _builds;

    /// <summary>A program with a real model.</summary>
    /// <param name="name">Names the folder that holds the project; several projects may share it.</param>
    public Consumer(string name, string project = "App")
        : this(name, project, "langid", Profile)
    {
        File.Copy(Path.Combine(Repository.Root, "samples", "LanguageDetector", "Models", "langid.onnx"), Path.Combine(Folder, "Models", "langid.onnx"));
    }

    private Consumer(string name, string project, string model, string profile)
    {
        Root = Path.Combine(PackageFeed.Root, $"{name} ü@1");
        Folder = Path.Combine(Root, project);
        Name = project = Path.GetFileName(project);
        Directory.CreateDirectory(Path.Combine(Folder, "Models"));
        Write($"{project}.csproj", Project());
        Write("Program.cs", $"System.Console.WriteLine({project}.{(model == "langid" ? "LanguageModel" : "SmallModel")}.ReadAllBytes().Length);");
        Write("model-opt.yaml", profile);
    }

    public string Root { get; }

    public string Folder { get; }

    public string Name { get; }

    /// <summary>Where the package puts what it makes.</summary>
    public string Output => Path.Combine(Folder, "obj", "Debug", "net10.0", "model-opt");

    public string Optimized => Path.Combine(Output, "langid.onnx");

    /// <summary>A program with a model of some kilobytes, for tests of the build itself.</summary>
    public static Consumer Small(string name, string project = "App")
    {
        var consumer = new Consumer(name, project, "small", SmallProfile);
        SmallModel.Write(consumer.At("Models/small.onnx"));
        return consumer;
    }

    public static string Project(string properties = "<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework>", string items = "") => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>{properties}</PropertyGroup>
          <ItemGroup>
            <PackageReference Include="ModelOptimizer.Tasks" Version="{PackageFeed.Version}" PrivateAssets="all" />
            {items}
          </ItemGroup>
        </Project>
        """;

    /// <summary>The full path of a file of the project.</summary>
    public string At(string path) => Path.Combine(Folder, path);

    public void Write(string path, string text) => File.WriteAllText(At(path), text);

    public void Edit(string path, string what, string by) => Write(path, File.ReadAllText(At(path)).Replace(what, by, StringComparison.Ordinal));

    public long Length(string path) => new FileInfo(Path.Combine(Folder, path)).Length;

    /// <summary>Runs <c>dotnet build</c> and reads its binary log.</summary>
    public BuildLog Build(params string[] arguments) => Run("build", arguments);

    public BuildLog Run(string verb, params string[] arguments) => Begin(verb, arguments).End();

    /// <summary>Starts a build that the test does something to while it runs.</summary>
    public RunningBuild Begin(string verb, params string[] arguments)
    {
        var binlog = Path.Combine(PackageFeed.Root, $"{Guid.NewGuid():n}-{++_builds}.binlog");
        return new RunningBuild(DotNet.Begin(Folder, [verb, .. arguments, $"-bl:{binlog}"]), binlog);
    }

    /// <summary>Runs the program that was built, and returns the lines that it prints.</summary>
    public string[] RunProgram(params string[] arguments) =>
        DotNet.Run(Folder, [$"bin/Debug/net10.0/{Name}.dll", .. arguments]).ShouldSucceed().Output.Trim().Split('\n');
}
