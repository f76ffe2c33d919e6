namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Projects that refer to each other, and the ways in which MSBuild schedules them.</summary>
[Category("EndToEnd")]
public sealed class TopologyTests
{
    private const string Library = "<TargetFramework>net10.0</TargetFramework>";

    /// <summary>A program without the package that refers to a library with a model.</summary>
    private static (Consumer App, Consumer Library) Pair(string name, string embedAs)
    {
        var library = Consumer.Small(name, "Lib");
        library.Write("Lib.csproj", Consumer.Project(Library));
        library.Edit("model-opt.yaml", "class: SmallModel", $"class: SmallModel, as: {embedAs}");
        library.Write("Program.cs", embedAs == "content"
            ? "namespace Lib { public static class Its { public static long Bytes => new System.IO.FileInfo(SmallModel.FilePath).Length; } }"
            : "namespace Lib { public static class Its { public static long Bytes => SmallModel.ReadAllBytes().Length; } }");
        var app = Consumer.Small(name);
        File.Delete(app.At("model-opt.yaml"));
        app.Write("App.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><ProjectReference Include="../Lib/Lib.csproj" /></ItemGroup>
            </Project>
            """);
        app.Write("Program.cs", "System.Console.WriteLine(Lib.Its.Bytes);");
        return (app, library);
    }

    private static string LengthOf(Consumer library) => $"{library.Length(Path.Combine(library.Output, "small.onnx"))}";

    [TestCase("resource")]
    [TestCase("content")]
    public void A_program_runs_the_model_of_a_library_it_refers_to_also_published(string embedAs)
    {
        var (app, library) = Pair($"reference {embedAs}", embedAs);
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { LengthOf(library) }));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);

        app.Run("publish", "--no-build", "-c", "Debug", "-o", "out").ShouldSucceed();
        app.Run("publish", "-c", "Debug", "-o", "out2").ShouldSucceed();
        foreach (var folder in new[] { "out", "out2" })
            Assert.That(DotNet.Run(app.Folder, $"{folder}/App.dll").ShouldSucceed().Output.Trim(), Is.EqualTo(LengthOf(library)));
    }

    [TestCase("-m:2")]
    [TestCase("-graph")]
    [TestCase("-graph -isolate")]
    [TestCase("-m:2 -mt")]
    public void However_projects_are_scheduled_each_model_is_made_once(string switches)
    {
        var (app, library) = Pair($"schedule {switches.Replace(':', ' ')}", "content");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        var build = app.Build([.. switches.Split(' '), "--no-restore"]).ShouldSucceed();
        Assert.That(build.ToolRuns, Is.EqualTo(new[] { "PlanModels", "OptimizeModels", "EmbedModels" }));
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { LengthOf(library) }));
        Assert.That(app.Build([.. switches.Split(' '), "--no-restore"]).ShouldSucceed().ToolRuns, Is.Empty);
    }

    [Test]
    public void Outputs_lie_in_the_artifacts_folder_when_the_project_has_one()
    {
        var app = Consumer.Small("artifacts");
        app.Write("App.csproj", Consumer.Project("<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><UseArtifactsOutput>true</UseArtifactsOutput>"));
        app.Write("Directory.Build.props", "<Project><PropertyGroup><UseArtifactsOutput>true</UseArtifactsOutput></PropertyGroup></Project>");
        app.Build().ShouldSucceed();
        var output = app.At("artifacts/obj/App/debug/model-opt");
        Assert.That(File.Exists(Path.Combine(output, "small.onnx")), Is.True);
        Assert.That(Directory.Exists(app.Output), Is.False);
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
        app.Run("clean").ShouldSucceed();
        Assert.That(Directory.Exists(output), Is.False);
    }

    /// <summary>What even the SDK can't build proves nothing; these it can.</summary>
    [TestCase("a;b")]
    [TestCase("100 % (1)")]
    [TestCase("it's, $(x)")]
    [TestCase("模型 é")]
    public void Any_folder_will_do(string folder)
    {
        var app = Consumer.Small("places", Path.Combine(folder, "App"));
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(Path.Combine(app.Output, "small.onnx"))}" }));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }

    [TestCase("a b@1.onnx")]
    [TestCase("#é'x.fr.onnx")]
    [TestCase("m;n%41.onnx")]
    public void Any_file_name_will_do(string file)
    {
        var app = Consumer.Small($"names {file.Length}");
        File.Move(app.At("Models/small.onnx"), app.At($"Models/{file}"));
        app.Write("model-opt.yaml", $"version: 1\nmodel: \"Models/{file}\"\npasses: [quantize-weights]\nembed: {{ class: SmallModel }}\n");
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(Path.Combine(app.Output, file))}" }));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }
}
