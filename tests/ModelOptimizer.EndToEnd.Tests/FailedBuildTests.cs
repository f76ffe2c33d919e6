namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A build that fails says where, leaves nothing that passes for good, and succeeds once the mistake is mended.</summary>
[Category("EndToEnd")]
public sealed class FailedBuildTests
{
    [Test]
    public void A_broken_budget_fails_at_its_line_until_it_is_mended()
    {
        var app = new Consumer("budget");
        app.Write("model-opt.yaml", Consumer.Profile + "\nbudget:\n  size: 100 KiB\n");
        for (var i = 0; i < 2; i++)
        {
            var error = app.Build().ShouldFail();
            Assert.That(error.Code, Is.EqualTo("MO6001"));
            Assert.That(error.File, Is.EqualTo(app.At("model-opt.yaml")));
            Assert.That(error.LineNumber, Is.EqualTo(7));
            Assert.That(error.ColumnNumber, Is.EqualTo(3));
            Assert.That(File.Exists(app.Optimized), Is.False);
            Assert.That(File.Exists(Path.Combine(app.Output, "rejected", "langid.onnx")), Is.True);
            Assert.That(File.Exists(app.At("bin/Debug/net10.0/App.dll")), Is.False);
        }
        app.Write("model-opt.yaml", Consumer.Profile + "\nbudget:\n  size: 2 MiB\n");
        app.Build().ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(app.Optimized)}" }));
    }

    [Test]
    public void After_a_good_build_no_mistake_leaves_the_old_result_in_use()
    {
        var app = Consumer.Small("good then bad");
        app.Build().ShouldSucceed();
        var made = File.ReadAllBytes(Path.Combine(app.Output, "small.onnx"));
        var model = File.ReadAllBytes(app.At("Models/small.onnx"));

        app.Write("model-opt.yaml", Consumer.SmallProfile + "\nbudgett: {}\n");
        app.Build().ShouldFailWith("MO1004");
        app.Write("model-opt.yaml", Consumer.SmallProfile + "\nevaluate: { data: missing.npz }\n");
        app.Build().ShouldFailWith("MO5002");
        app.Build().ShouldFailWith("MO5002");
        Assert.That(File.Exists(Path.Combine(app.Output, "small.onnx")), Is.False);
        app.Write("model-opt.yaml", Consumer.SmallProfile);
        File.WriteAllBytes(app.At("Models/small.onnx"), model[..^100]);
        app.Build().ShouldFailWith("MO2004");

        File.WriteAllBytes(app.At("Models/small.onnx"), model);
        app.Build().ShouldSucceed();
        Assert.That(File.ReadAllBytes(Path.Combine(app.Output, "small.onnx")), Is.EqualTo(made));
    }

    [Test]
    public void Mistakes_of_all_models_are_told_in_one_build()
    {
        var app = Consumer.Small("two mistakes");
        SmallModel.Write(app.At("Models/second.onnx"), seed: 2);
        app.Write("second.model-opt.yaml", "version: 1\nmodel: Models/second.onnx\npasses: [simplify]\nbudget: { size: 1 KiB }\n");
        app.Write("model-opt.yaml", Consumer.SmallProfile + "\nbudget: { size: 2 KiB }\n");
        var errors = app.Build().ShouldFailWith("MO6001", "MO6001");
        Assert.That(errors.Select(error => Path.GetFileName(error.File)), Is.EquivalentTo(new[] { "second.model-opt.yaml", "model-opt.yaml" }));
    }

    [Test]
    public void Properties_that_mean_nothing_are_told_at_the_project()
    {
        var app = Consumer.Small("properties");
        var error = app.Build("-p:ModelOptimizerProfileProperties=Config").ShouldFail();
        Assert.That((error.Code, error.File), Is.EqualTo(("MO8005", app.At("App.csproj"))));
        error = app.Build("-p:ModelOptimizerThreads=many").ShouldFail();
        Assert.That((error.Code, error.File, error.Text),
            Is.EqualTo(("MO8005", app.At("App.csproj"), "ModelOptimizerThreads is 'many', which is no number of 1 or more")));
    }

    [Test]
    public void Every_mistake_in_the_profile_is_told_at_its_line_in_one_build()
    {
        var app = Consumer.Small("mistakes");
        app.Write("model-opt.yaml", "version: 1\nmodel: Models/small.onnx\npasses: [simplifi]\nbudgett: {}\n");
        var errors = app.Build().Errors;
        Assert.That(errors.Select(error => (error.Code, error.LineNumber)), Is.EquivalentTo(new[] { ("MO1008", 3), ("MO1004", 4) }));
        Assert.That(errors.Select(error => error.File), Is.All.EqualTo(app.At("model-opt.yaml")));
    }
}
