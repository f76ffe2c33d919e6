using System.Text.Json;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What an editor asks of a project costs nothing and disturbs nothing.</summary>
[Category("EndToEnd")]
public sealed class EditorTests
{
    private static readonly string[] Ask =
        ["-t:Compile", "-p:DesignTimeBuild=true", "-p:SkipCompilerExecution=true", "-p:ProvideCommandLineArgs=true", "--no-restore"];

    [Test]
    public void An_editor_gets_the_accessor_of_the_last_build_and_starts_no_tool()
    {
        var app = Consumer.Small("editor");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();

        var before = app.Build(Ask).ShouldSucceed();
        Assert.That(before.ToolRuns, Is.Empty);
        Assert.That(before.Warnings.Select(warning => warning.Code), Is.EqualTo(new[] { "MO8007" }));
        Assert.That(Directory.Exists(app.Output), Is.False);

        app.Build().ShouldSucceed();
        var made = Snapshot.Of(app.Output);
        foreach (var profile in new[] { Consumer.SmallProfile + "\n# edited\n", "version: 1\npasses: [" })
        {
            app.Write("model-opt.yaml", profile);
            var after = app.Build(Ask).ShouldSucceed();
            Assert.That(after.ToolRuns, Is.Empty);
            Assert.That(after.Warnings, Is.Empty);
            Assert.That(after.CompileItems, Does.Contain("small.g.cs"));
        }
        Assert.That(Snapshot.Of(app.Output), Is.EqualTo(made), "what a real build goes by is not touched");
    }

    [Test]
    public void Editors_ask_also_while_a_real_build_is_at_work()
    {
        var app = Consumer.Small("editor beside");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        var build = app.Begin("build", "--no-restore");
        var asked = new[] { app.Begin("build", Ask), app.Begin("build", Ask) };
        foreach (var one in asked)
            Assert.That(one.End().Errors.Where(error => error.Code.StartsWith("MO", StringComparison.Ordinal)), Is.Empty);
        build.End().ShouldSucceed();
    }

    [Test]
    public void Editors_and_watchers_know_the_files_that_a_model_depends_on()
    {
        var app = Consumer.Small("watched");
        app.Write("base.yaml", "version: 1\npasses: [quantize-weights]\n");
        app.Edit("model-opt.yaml", "passes: [quantize-weights]", "extends: ./base.yaml");
        app.Build().ShouldSucceed();
        string[] files = ["model-opt.yaml", "base.yaml", "Models/small.onnx"];
        foreach (var (target, item) in new[] { ("_CollectModelInputs", "UpToDateCheckInput"), ("_CollectWatchedModels", "Watch") })
        {
            var answer = DotNet.Run(app.Folder, "msbuild", $"-t:{target}", $"-getItem:{item}", "-p:NoWarn=MO5001").ShouldSucceed().Output;
            var known = JsonDocument.Parse(answer).RootElement.GetProperty("Items").GetProperty(item).EnumerateArray()
                .Select(one => one.GetProperty("FullPath").GetString());
            Assert.That(known, Is.SupersetOf(files.Select(app.At)));
        }
        Assert.That(DotNet.Run(app.Folder, "msbuild", "-t:_CollectModelOutputs", "-getItem:UpToDateCheckOutput").ShouldSucceed().Output,
            Does.Contain("small.embed-outputs"));
    }
}
