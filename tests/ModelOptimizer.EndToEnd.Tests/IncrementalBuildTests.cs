namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>The tool runs when something changed, and not otherwise.</summary>
[Category("EndToEnd")]
public sealed class IncrementalBuildTests
{
    private static readonly string[] Whole = ["PlanModels", "OptimizeModels", "EmbedModels"];
    private static readonly string[] WithoutPlan = ["OptimizeModels", "EmbedModels"];

    [Test]
    public void A_second_build_does_nothing_and_a_changed_profile_or_lost_output_does()
    {
        var app = new Consumer("incremental");
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(Whole));
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
        Assert.That(app.Length(app.Optimized), Is.LessThan(app.Length("Models/langid.onnx") / 3));

        var before = Snapshot.Of(app.At("obj/Debug"));
        var second = app.Build().ShouldSucceed();
        Assert.That(second.ToolRuns, Is.Empty);
        Assert.That(new[] { "OptimizeModels", "_EmbedModels", "CoreCompile" }.Where(second.Ran), Is.Empty);
        Assert.That(Snapshot.Of(app.At("obj/Debug")), Is.EqualTo(before));

        app.Edit("model-opt.yaml", "quantize-weights", "convert-float16");
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(Whole));
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
        Assert.That(app.Length(app.Optimized), Is.GreaterThan(app.Length("Models/langid.onnx") / 3));

        File.Delete(app.Optimized);
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(WithoutPlan));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }

    [Test]
    public void Any_file_that_gets_lost_comes_back_as_it_was()
    {
        var app = Consumer.Small("lost");
        app.Edit("model-opt.yaml", "class: SmallModel", "class: SmallModel, compression: brotli");
        app.Build().ShouldSucceed();
        var made = Snapshot.Contents(app.Output);
        Assert.That(made.Keys, Is.SupersetOf(new[] { "small.onnx", "small.onnx.br", "small.g.cs", "small.report.json", "small.report.html", "App.plan.json" }));
        // The question to the tool is asked anew when it must be.
        made.Remove("App.plan.request.json");
        foreach (var file in made.Keys)
        {
            File.Delete(Path.Combine(app.Output, file));
            app.Build().ShouldSucceed();
            // Inputs hold times: it is enough that the rest is as it was.
            Assert.That(Snapshot.Contents(app.Output).Keys, Is.SupersetOf(made.Keys), file);
            Assert.That(Results(Snapshot.Contents(app.Output)), Is.EqualTo(Results(made)), file);
        }
        Directory.Delete(app.Output, recursive: true);
        app.Build().ShouldSucceed();
        Assert.That(Results(Snapshot.Contents(app.Output)), Is.EqualTo(Results(made)));
    }

    [Test]
    public void Lost_external_data_comes_back()
    {
        var app = Consumer.Small("lost data");
        var model = Onnx.OnnxModel.Load(app.At("Models/small.onnx"));
        Onnx.ModelWriter.Save(model, app.At("Models/large.onnx"), new Onnx.SaveOptions { ExternalData = Onnx.ExternalDataMode.Always });
        app.Edit("model-opt.yaml", "small.onnx", "large.onnx");
        app.Edit("model-opt.yaml", "class: SmallModel", "class: SmallModel, as: content");
        app.Write("Program.cs", "System.Console.WriteLine(System.IO.File.Exists(App.SmallModel.FilePath));");
        app.Build().ShouldSucceed();
        var data = Path.Combine(app.Output, "large.onnx.data");
        var copy = app.At("bin/Debug/net10.0/Models/large.onnx.data");
        Assert.That((File.Exists(data), File.Exists(copy)), Is.EqualTo((true, true)));

        File.Delete(data);
        File.Delete(copy);
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(WithoutPlan));
        Assert.That((File.Exists(data), File.Exists(copy)), Is.EqualTo((true, true)));

        app.Edit("model-opt.yaml", "as: content", "as: resource");
        app.Write("Program.cs", "System.Console.WriteLine(App.SmallModel.ReadAllBytes().Length);");
        app.Build().ShouldSucceed();
        Assert.That(int.Parse(app.RunProgram()[0], System.Globalization.CultureInfo.InvariantCulture), Is.GreaterThan(8000), "the data is inside");
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }

    [Test]
    public void Metadata_that_concerns_the_accessor_only_optimizes_nothing()
    {
        var app = Consumer.Small("metadata");
        app.Write("App.csproj", Consumer.Project(items: """<OnnxModel Include="Models/small.onnx" Profile="model-opt.yaml" ClassName="$(Class)" />"""));
        app.Write("Program.cs", "System.Console.WriteLine(App.Named.ResourceName);");
        app.Build("-p:Class=Named").ShouldSucceed();
        app.Write("Program.cs", "System.Console.WriteLine(App.Other.ResourceName);");
        Assert.That(app.Build("-p:Class=Other").ShouldSucceed().ToolRuns, Is.EqualTo(new[] { "PlanModels", "EmbedModels" }));
    }

    [Test]
    public void What_a_profile_extends_is_watched_also_when_it_is_extended_later()
    {
        var app = Consumer.Small("extends");
        app.Write("base.yaml", "version: 1\npasses: [quantize-weights]\n");
        app.Write("model-opt.yaml", Consumer.SmallProfile.Replace("passes: [quantize-weights]", "extends: ./base.yaml", StringComparison.Ordinal));
        app.Build().ShouldSucceed();
        var small = app.Length(Path.Combine(app.Output, "small.onnx"));

        app.Write("deeper.yaml", "version: 1\npasses: [simplify]\n");
        app.Write("base.yaml", "version: 1\nextends: ./deeper.yaml\n");
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(Whole));
        Assert.That(app.Length(Path.Combine(app.Output, "small.onnx")), Is.GreaterThan(2 * small));

        app.Write("deeper.yaml", "version: 1\npasses: [convert-float16]\n");
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(Whole));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }

    [Test]
    public void Data_and_models_that_go_away_are_noticed()
    {
        var app = Consumer.Small("shrink");
        SmallModel.Write(app.At("Models/second.onnx"), seed: 2);
        app.Write("App.csproj", Consumer.Project(items: """<OnnxModel Include="Models/*.onnx" Profile="all.yaml" />"""));
        File.Delete(app.At("model-opt.yaml"));
        Directory.CreateDirectory(app.At("data"));
        foreach (var name in new[] { "a", "b" })
            Testing.Npz.Write(app.At($"data/{name}.npz"), ("x", new float[4 * 64], [4, 64]));
        app.Write("all.yaml", "version: 1\npasses: [quantize-weights]\nevaluate: { data: data/*.npz }\n");
        app.Write("Program.cs", "System.Console.WriteLine(string.Join(\",\", typeof(Program).Assembly.GetManifestResourceNames()));");
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram()[0].Split(','), Is.EquivalentTo(new[] { "second.onnx", "small.onnx" }));

        File.Delete(app.At("data/b.npz"));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(WithoutPlan));

        File.Delete(app.At("Models/second.onnx"));
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { "small.onnx" }));
        Assert.That(Directory.GetFiles(app.Output, "second.*"), Is.Empty);
    }

    [Test]
    public void An_input_that_is_touched_but_equal_gives_the_same_bytes()
    {
        var app = Consumer.Small("touched");
        app.Build().ShouldSucceed();
        var made = Results(Snapshot.Contents(app.Output));
        File.SetLastWriteTimeUtc(app.At("Models/small.onnx"), DateTime.UtcNow.AddDays(-1));
        app.Build().ShouldSucceed();
        Assert.That(Results(Snapshot.Contents(app.Output)), Is.EqualTo(made));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }

    [Test]
    public void Rebuild_makes_everything_anew_and_clean_takes_everything_away()
    {
        var app = Consumer.Small("clean");
        app.Build().ShouldSucceed();
        Assert.That(app.Build("-t:Rebuild").ShouldSucceed().ToolRuns, Is.EqualTo(Whole));
        File.Delete(app.At("model-opt.yaml"));
        app.Run("clean").ShouldSucceed();
        Assert.That(Directory.Exists(app.Output), Is.False);
    }

    [Test]
    public void Switching_to_originals_and_back_makes_nothing_anew()
    {
        var app = Consumer.Small("switch");
        app.Build().ShouldSucceed();
        app.Build("-p:ModelOptimizerEnabled=false").ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length("Models/small.onnx")}" }));
        Assert.That(app.Build("-p:ModelOptimizerEnabled=false").ShouldSucceed().ToolRuns, Is.Empty);
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(Path.Combine(app.Output, "small.onnx"))}" }));
    }

    private static Dictionary<string, string> Results(IDictionary<string, string> files) => files
        .Where(file => Path.GetExtension(file.Key) is ".onnx" or ".br" or ".cs" || file.Key.EndsWith("report.json", StringComparison.Ordinal))
        .ToDictionary(file => file.Key, file => file.Value);
}
