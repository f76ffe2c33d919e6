namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>The tool runs when something changed, and not otherwise.</summary>
[Category("EndToEnd")]
public sealed class IncrementalBuildTests
{
    private static readonly string[] Whole = ["PlanModels", "OptimizeModel", "EmbedModel"];

    [Test]
    public void A_second_build_starts_no_tool_and_a_changed_profile_or_lost_output_does()
    {
        var app = new Consumer("incremental");
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(Whole));
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
        Assert.That(app.Length(app.Optimized), Is.LessThan(app.Length("Models/langid.onnx") / 3));

        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);

        app.Write("model-opt.yaml", Consumer.Profile.Replace("quantize-weights", "convert-float16", StringComparison.Ordinal));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(Whole));
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
        Assert.That(app.Length(app.Optimized), Is.GreaterThan(app.Length("Models/langid.onnx") / 3));

        File.Delete(app.Optimized);
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.EqualTo(Whole[1..]));
        Assert.That(app.Build().ShouldSucceed().ToolRuns, Is.Empty);
    }

    [Test]
    public void Clean_takes_everything_away()
    {
        var app = new Consumer("clean");
        app.Build().ShouldSucceed();
        app.Run("clean").ShouldSucceed();
        Assert.That(Directory.Exists(app.Output), Is.False);
    }

    [Test]
    public void A_broken_budget_fails_at_its_line_until_it_is_mended()
    {
        var app = new Consumer("budget");
        app.Write("model-opt.yaml", Consumer.Profile + "\nbudget:\n  size: 100 KiB\n");
        for (var i = 0; i < 2; i++)
        {
            var error = app.Build().ShouldFail();
            Assert.That(error.Code, Is.EqualTo("MO6001"));
            Assert.That(error.File, Is.EqualTo(Path.Combine(app.Folder, "model-opt.yaml")));
            Assert.That(error.LineNumber, Is.EqualTo(7));
            Assert.That(error.ColumnNumber, Is.EqualTo(3));
            Assert.That(File.Exists(app.Optimized), Is.False);
            Assert.That(File.Exists(Path.Combine(app.Output, "rejected", "langid.onnx")), Is.True);
            Assert.That(File.Exists(Path.Combine(app.Folder, "bin", "Debug", "net10.0", "App.dll")), Is.False);
        }
        app.Write("model-opt.yaml", Consumer.Profile + "\nbudget:\n  size: 2 MiB\n");
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
    }

    [Test]
    public void A_warning_that_is_an_error_stays_one_in_the_next_build()
    {
        var app = new Consumer("warnings");
        for (var i = 0; i < 2; i++)
            Assert.That(app.Build("-p:WarningsAsErrors=MO5001").ShouldFail().Code, Is.EqualTo("MO5001"));
        Assert.That(app.Build("-p:NoWarn=MO5001").ShouldSucceed().Warnings, Is.Empty);
    }
}
