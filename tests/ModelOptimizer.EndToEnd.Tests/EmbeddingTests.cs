namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>The ways in which a model gets into a program.</summary>
[Category("EndToEnd")]
public sealed class EmbeddingTests
{
    [Test]
    public void The_accessor_runs_the_model_when_the_project_has_the_runtime()
    {
        var app = new Consumer("session");
        app.Write("App.csproj", Consumer.Project(
            "<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><RuntimeIdentifier>$(NETCoreSdkPortableRuntimeIdentifier)</RuntimeIdentifier>"
            + "<SelfContained>false</SelfContained><AppendRuntimeIdentifierToOutputPath>false</AppendRuntimeIdentifierToOutputPath><Nullable>enable</Nullable>",
            Consumer.Runtime));
        app.Write("Program.cs", """
            using App;

            using var runner = new LanguageModel.Runner();
            var ids = System.Linq.Enumerable.ToArray(System.Linq.Enumerable.Select(System.Text.Encoding.UTF8.GetBytes(
                "Die Einstellungen werden gespeichert, wenn das Fenster geschlossen wird."), b => b + 1L));
            using var result = runner.Run(ids, batch: 1, length: ids.Length);
            var logits = result.Logits;
            var best = 0;
            for (var i = 1; i < logits.Length; i++)
                best = logits[i] > logits[best] ? i : best;
            System.Console.WriteLine(runner.Session.ModelMetadata.CustomMetadataMap["languages"].Split(',')[best]);
            System.Console.WriteLine(System.Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(LanguageModel.ReadAllBytes())) == LanguageModel.ModelInfo.Sha256);
            """);
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { "de", "True" }));
    }

    [Test]
    public void A_compressed_resource_reads_back_as_the_model()
    {
        var app = new Consumer("brotli");
        app.Write("model-opt.yaml", Consumer.Profile.Replace("class: LanguageModel", "class: LanguageModel, compression: brotli", StringComparison.Ordinal));
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
        Assert.That(app.Length("bin/Debug/net10.0/App.dll"), Is.LessThan(app.Length(app.Optimized)));
    }

    [Test]
    public void Switched_off_the_original_is_embedded_under_the_same_accessor()
    {
        var app = new Consumer("original");
        app.Build("-p:ModelOptimizerEnabled=false").ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length("Models/langid.onnx")}" }));
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
    }

    [Test]
    public void Content_lies_beside_the_program_and_is_published()
    {
        var app = new Consumer("content");
        app.Write("App.csproj", Consumer.Project(items: """<OnnxModel Include="Models/langid.onnx" Profile="model-opt.yaml" EmbedAs="Content" />"""));
        app.Write("Program.cs", "System.Console.WriteLine(System.IO.File.Exists(App.LanguageModel.FilePath) && App.LanguageModel.OpenRead().Length > 0);");
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { "True" }));
        Assert.That(app.Length("bin/Debug/net10.0/Models/langid.onnx"), Is.EqualTo(app.Length(app.Optimized)));

        app.Run("publish", "--no-build", "-c", "Debug", "-o", "out").ShouldSucceed();
        Assert.That(app.Length("out/Models/langid.onnx"), Is.EqualTo(app.Length(app.Optimized)));
    }

    [Test]
    public void Metadata_wins_over_the_profile_and_older_languages_and_frameworks_compile_the_accessor()
    {
        var app = new Consumer("multi");
        app.Write("App.csproj", Consumer.Project("<TargetFrameworks>net10.0;netstandard2.0</TargetFrameworks>",
            """<OnnxModel Include="Models/langid.onnx" Profile="model-opt.yaml" ClassName="Detector" Namespace="My.Models" LogicalName="the model" />"""));
        app.Write("Program.cs", """
            namespace App { public static class Check { public static string Name { get { return My.Models.Detector.ResourceName + My.Models.Detector.Outputs.Logits.Shape; } } } }
            """);
        app.Build().ShouldSucceed();
        foreach (var framework in new[] { "net10.0", "netstandard2.0" })
            Assert.That(app.Length($"bin/Debug/{framework}/App.dll"), Is.GreaterThan(app.Length($"obj/Debug/{framework}/model-opt/langid.onnx")));
    }
}
