using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Builds that are stopped, and two at once, leave whole results or none.</summary>
[Category("EndToEnd")]
public sealed class InterruptionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Test]
    public void A_build_that_is_stopped_leaves_nothing_half_written()
    {
        var app = Slow("stopped");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        // Before anything is written, and while the result lies aside and is measured.
        foreach (var sign in new Func<bool>[] { () => File.Exists(Path.Combine(app.Output, "langid.inputs")), () => Staged(app).Length > 0 })
        {
            var build = app.Begin("build", "--no-restore");
            Wait(() => build.HasEnded || sign());
            build.Interrupt();
            Assert.That(build.EndInterrupted().ExitCode, Is.Not.Zero);
            Assert.That(Directory.GetFiles(app.Output, "langid.onnx*"), Is.Empty);
        }
        // MSBuild gives the tool no time to tidy up: what it had put aside goes with the next run.
        app.Build().ShouldSucceed();
        Assert.That(Staged(app), Is.Empty);
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
    }

    [Test]
    public void A_build_that_is_stopped_after_a_good_one_keeps_the_old_result_whole_and_makes_the_new_one_next()
    {
        var app = Slow("stopped later");
        app.Build().ShouldSucceed();
        var old = File.ReadAllBytes(app.Optimized);
        app.Write("model-opt.yaml", File.ReadAllText(app.At("model-opt.yaml")).Replace("quantize-weights", "quantize-weights: { bits: 4 }", StringComparison.Ordinal));
        var build = app.Begin("build", "--no-restore");
        Wait(() => build.HasEnded || Staged(app).Length > 0);
        build.Interrupt();
        build.EndInterrupted();
        Assert.That(!File.Exists(app.Optimized) || File.ReadAllBytes(app.Optimized).SequenceEqual(old), Is.True);
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Does.Contain("OptimizeModels"));
        Assert.That(app.Length(app.Optimized), Is.Not.EqualTo(old.Length));
    }

    [Test]
    public void Two_builds_of_one_project_at_once_both_succeed_or_say_why()
    {
        var app = Consumer.Small("at once");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        for (var i = 0; i < 3; i++)
        {
            SmallModel.Write(app.At("Models/small.onnx"), seed: 10 + i);
            // Only what the package does is under test: two compilers at once would fight for their own files.
            var builds = new[] { 0, 1 }.Select(_ => app.Begin("msbuild", "-t:_EmbedModels")).ToArray();
            foreach (var build in builds)
                build.End().ShouldSucceed();
            Assert.That(Directory.GetFileSystemEntries(app.Output, ".*"), Is.Empty);
        }
        var made = File.ReadAllBytes(Path.Combine(app.Output, "small.onnx"));
        app.Build().ShouldSucceed();
        Assert.That(File.ReadAllBytes(Path.Combine(app.Output, "small.onnx")), Is.EqualTo(made));
    }

    private static string[] Staged(Consumer app) => Directory.Exists(app.Output) ? Directory.GetFileSystemEntries(app.Output, ".langid*") : [];

    private static Consumer Slow(string name)
    {
        var app = new Consumer(name);
        File.Copy(Path.Combine(Repository.Root, "samples", "LanguageDetector", "data", "validation.npz"), app.At("validation.npz"));
        // What an earlier test made must not come out of a cache.
        app.Write("App.csproj", Consumer.Project(
            "<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ModelOptimizerCache>false</ModelOptimizerCache>"));
        app.Write("model-opt.yaml", Consumer.Profile + "\nevaluate: { data: validation.npz, labels: labels }\n");
        return app;
    }

    private static void Wait(Func<bool> sign)
    {
        var end = DateTime.UtcNow + Patience;
        while (!sign())
        {
            Assert.That(DateTime.UtcNow, Is.LessThan(end), "It never came to that");
            Thread.Sleep(5);
        }
    }
}
