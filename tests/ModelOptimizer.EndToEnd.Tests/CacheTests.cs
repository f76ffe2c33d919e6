namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>What was made once is not made again: not for another clone, nor for another target framework.</summary>
[Category("EndToEnd")]
public sealed class CacheTests
{
    [Test]
    public void A_second_clone_and_a_clean_one_get_the_model_out_of_the_cache_and_hear_the_same()
    {
        var cache = NewCache("clones");
        var (first, second) = (Consumer.Small("first clone"), Consumer.Small("second clone"));

        var made = first.Build(cache).ShouldSucceed();
        var found = second.Build(cache).ShouldSucceed();
        DeleteOutputs(first);
        var again = first.Build(cache).ShouldSucceed();

        Assert.That(new[] { made, found, again }.Select(FromCache), Is.EqualTo(new[] { 0, 1, 1 }));
        foreach (var build in new[] { found, again })
        {
            Assert.That(build.ToolRuns, Does.Contain("OptimizeModels"));
            Assert.That(Warnings(build), Is.EqualTo(Warnings(made)).And.Not.Empty);
        }
        foreach (var file in new[] { "small.onnx", "small.report.json", "small.report.html" })
            Assert.That(Made(second, file), Is.EqualTo(Made(first, file)), file);
        Assert.That(second.RunProgram(), Is.EqualTo(new[] { $"{second.Length(Path.Combine(second.Output, "small.onnx"))}" }));
        Assert.That(second.Build(cache).ShouldSucceed().ToolRuns, Is.Empty);
    }

    /// <summary>One framework makes the model while the other waits; also where the user's own cache is off.</summary>
    [TestCase("true")]
    [TestCase("false")]
    public void Several_target_frameworks_do_the_work_once(string isCached)
    {
        var app = Consumer.Small($"frameworks {isCached}");
        app.Write("App.csproj", Consumer.Project(
            $"<TargetFrameworks>net10.0;netstandard2.0</TargetFrameworks><ModelOptimizerCache>{isCached}</ModelOptimizerCache>"));
        File.Delete(app.At("Program.cs"));

        var build = app.Build("-m:2").ShouldSucceed();

        Assert.That(build.ToolRuns.Count(run => run == "OptimizeModels"), Is.EqualTo(2));
        Assert.That(FromCache(build), Is.EqualTo(1));
        Assert.That(Directory.Exists(app.At("obj/model-opt-cache")), Is.EqualTo(isCached == "false"));
        Assert.That(app.Build("-m:2").ShouldSucceed().ToolRuns, Is.Empty);
        app.Run("clean").ShouldSucceed();
        Assert.That(Directory.Exists(app.At("obj/model-opt-cache")), Is.False);
    }

    [Test]
    public void A_damaged_result_is_a_warning_and_made_again()
    {
        var cache = NewCache("damaged");
        var app = Consumer.Small("damaged");
        app.Build(cache).ShouldSucceed();
        var whole = File.ReadAllBytes(Path.Combine(app.Output, "small.onnx"));
        foreach (var file in Directory.GetFiles(Path.Combine(FolderOf(cache), "cas")))
            File.WriteAllText(file, "something else");
        DeleteOutputs(app);

        var build = app.Build(cache).ShouldSucceed();

        Assert.That(build.Warnings.Select(warning => warning.Code), Does.Contain("MO7010"));
        Assert.That(app.Build(cache).ShouldSucceed().Warnings.Select(warning => warning.Code), Does.Not.Contain("MO7010"), "told once");
        Assert.That(FromCache(build), Is.Zero);
        Assert.That(File.ReadAllBytes(Path.Combine(app.Output, "small.onnx")), Is.EqualTo(whole));
    }

    [Test]
    public void A_clone_on_another_machine_gets_what_one_pushed_and_does_without_when_the_server_is_gone()
    {
        string[] url;
        var pusher = Consumer.Small("pushes");
        var puller = Consumer.Small("pulls");
        using (var server = new BlobServer())
        {
            url = [$"-p:ModelOptimizerCacheUrl={server.Url}"];
            Consumer.Small("only pulls").Build([NewCache("reader"), .. url]).ShouldSucceed();
            Assert.That(server.Count, Is.Zero, "nothing is pushed unasked");
            pusher.Build([NewCache("pusher"), .. url, "-p:ModelOptimizerCachePush=true"]).ShouldSucceed();
            var found = puller.Build([NewCache("puller"), .. url]).ShouldSucceed();

            Assert.That(found.Messages.Count(message => message.EndsWith("from the shared cache", StringComparison.Ordinal)), Is.EqualTo(1));
            Assert.That(Made(puller, "small.onnx"), Is.EqualTo(Made(pusher, "small.onnx")));
            Assert.That(Made(puller, "small.report.json"), Is.EqualTo(Made(pusher, "small.report.json")));
        }
        DeleteOutputs(puller);
        SmallModel.Write(puller.At("Models/second.onnx"), seed: 2);
        puller.Write("second.model-opt.yaml", "version: 1\nmodel: Models/second.onnx\npasses: [simplify]\n");
        var alone = puller.Build([NewCache("later"), .. url]).ShouldSucceed();

        Assert.That(alone.Warnings.Count(warning => warning.Code == "MO7012"), Is.EqualTo(1), "the second model doesn't wait for it, too");
        Assert.That(Made(puller, "small.onnx"), Is.EqualTo(Made(pusher, "small.onnx")));
    }

    [Test]
    public void Without_the_cache_all_is_made_anew_and_nothing_kept()
    {
        var cache = NewCache("unused");
        var app = Consumer.Small("unused cache");
        foreach (var _ in new[] { 1, 2 })
        {
            Assert.That(FromCache(app.Build(cache, "-p:ModelOptimizerCache=false").ShouldSucceed()), Is.Zero);
            DeleteOutputs(app);
        }

        Assert.That(Directory.Exists(FolderOf(cache)), Is.False);
    }

    [Test]
    public void A_size_that_means_nothing_is_told_by_the_property_s_name() =>
        Assert.That(Consumer.Small("cache size").Build("-p:ModelOptimizerCacheSize=huge").ShouldFail(),
            Has.Property("Code").EqualTo("MO8005").And.Property("Text").Contains("ModelOptimizerCacheSize is 'huge'"));

    private static string NewCache(string name) => $"-p:ModelOptimizerCacheFolder={Path.Combine(PackageFeed.Root, $"{name} cache ü")}";

    private static string FolderOf(string property) => property.Split('=', 2)[1];

    private static byte[] Made(Consumer app, string file) => File.ReadAllBytes(Path.Combine(app.Output, file));

    private static string[] Warnings(BuildLog build) => [.. build.Warnings.Select(warning => $"{warning.Code}: {warning.Text}")];

    private static int FromCache(BuildLog build) => build.Messages.Count(message => message.EndsWith("from the cache", StringComparison.Ordinal));

    /// <summary>As <c>git clean -xdf</c> does.</summary>
    private static void DeleteOutputs(Consumer app)
    {
        Directory.Delete(app.At("bin"), recursive: true);
        Directory.Delete(app.At("obj"), recursive: true);
    }
}
