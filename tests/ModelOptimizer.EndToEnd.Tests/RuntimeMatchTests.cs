namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A runtime that is too old for the model is told by the build, not by the program that fails.</summary>
[Category("EndToEnd")]
public sealed class RuntimeMatchTests
{
    /// <summary>As much of an ONNX Runtime as the accessor of its time needs. Feeds don't serve one that is old enough.</summary>
    private const string OldRuntime = """
        namespace Microsoft.ML.OnnxRuntime;
        public class SessionOptions;
        public class InferenceSession
        {
            public InferenceSession(byte[] model) { }
            public InferenceSession(byte[] model, SessionOptions options) { }
        }
        """;

    [Test]
    public void An_old_runtime_is_warned_of_in_each_build_and_a_newer_one_only_embeds_anew()
    {
        PackOldRuntime("1.15.1");
        var app = Consumer.Small("runtime match");
        app.Edit("model-opt.yaml", "[quantize-weights]", "[{ quantize-weights: { bits: 4, block-size: 32 } }]");
        app.Write("Program.cs", "System.Console.WriteLine(App.SmallModel.ModelInfo.Opset);");
        app.Write("App.csproj", Project("""<PackageReference Include="Microsoft.ML.OnnxRuntime.Managed" Version="1.15.1" />"""));
        for (var i = 0; i < 2; i++)
        {
            var warnings = app.Build().ShouldSucceed().Warnings;
            Assert.That(warnings.Select(warning => warning.Code), Is.EqualTo(new[] { "MO8013" }));
            Assert.That(warnings[0].Text, Does.Contain("MatMulNBits").And.Contain("1.15.1").And.Contain("Reference Microsoft.ML.OnnxRuntime 1.17 or newer"));
        }

        app.Write("App.csproj", Project(Consumer.Runtime));
        var mended = app.Build().ShouldSucceed();
        Assert.That(mended.Warnings, Is.Empty);
        Assert.That(mended.ToolRuns, Is.EqualTo(new[] { "EmbedModels" }));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }

    private static string Project(string items) =>
        Consumer.Project("<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><NoWarn>$(NoWarn);MO5001</NoWarn>", items);

    private static void PackOldRuntime(string version)
    {
        var folder = Directory.CreateDirectory(Path.Combine(PackageFeed.Root, "old runtime")).FullName;
        File.WriteAllText(Path.Combine(folder, "Old.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework><AssemblyName>Microsoft.ML.OnnxRuntime</AssemblyName><PackageId>Microsoft.ML.OnnxRuntime.Managed</PackageId>
              </PropertyGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "Old.cs"), OldRuntime);
        DotNet.Pack(folder, PackageFeed.Folder, version);
    }
}
