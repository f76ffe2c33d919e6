namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A project decides what becomes of the product's warnings as it does for the compiler's.</summary>
[Category("EndToEnd")]
public sealed class WarningTests
{
    /// <summary>Without evaluation data accuracy is not measured, which is a warning.</summary>
    private const string Code = "MO5001";

    [Test]
    public void A_warning_is_told_in_each_build_until_it_is_mended_or_silenced()
    {
        var app = Consumer.Small("warned again");
        app.Write("idle.model-opt.yaml", "version: 1\npasses: [simplify]\n");
        for (var i = 0; i < 2; i++)
            Assert.That(app.Build().ShouldSucceed().Warnings.Select(warning => warning.Code), Is.EquivalentTo(new[] { Code, "MO8006" }));
        var silent = app.Build($"-p:NoWarn={Code}%3BMO8006").ShouldSucceed();
        Assert.That(silent.Warnings, Is.Empty);
        Assert.That(silent.ToolRuns, Is.Empty);
    }

    [Test]
    public void Rules_that_make_errors_of_warnings_hold_in_each_build_also_after_one_that_only_warned()
    {
        var app = Consumer.Small("stricter");
        foreach (var rule in new[] { "-p:TreatWarningsAsErrors=true", $"-p:WarningsAsErrors={Code}", "-warnaserror" })
        {
            for (var i = 0; i < 2; i++)
                app.Build(rule).ShouldFailWith(Code);
            Assert.That(app.Build().ShouldSucceed().Warnings.Select(warning => warning.Code), Is.EqualTo(new[] { Code }));
            app.Build(rule).ShouldFailWith(Code);
        }
        app.Build("-p:TreatWarningsAsErrors=true", "-p:ModelOptimizerTreatWarningsAsErrors=false").ShouldSucceed();
        app.Build("-p:TreatWarningsAsErrors=true", $"-p:WarningsNotAsErrors={Code}").ShouldSucceed();
    }

    [Test]
    public void An_original_that_is_shipped_too_is_a_warning_and_one_that_is_replaced_is_left_out()
    {
        var app = Consumer.Small("shipped");
        app.Write("App.csproj", Consumer.Project(items: """<EmbeddedResource Include="Models/*.onnx" />"""));
        var warnings = app.Build($"-p:NoWarn={Code}").ShouldSucceed().Warnings;
        Assert.That(warnings.Select(warning => warning.Code), Is.EqualTo(new[] { "MO8009" }));
        Assert.That(app.Build($"-p:NoWarn={Code}%3BMO8009").ShouldSucceed().Warnings, Is.Empty);
        app.Build($"-p:NoWarn={Code}", "-p:ModelOptimizerTreatWarningsAsErrors=true").ShouldFailWith("MO8009");
        app.Build($"-p:NoWarn={Code}%3BMO8009", "-p:ModelOptimizerTreatWarningsAsErrors=true").ShouldSucceed();

        app.Write("App.csproj", Consumer.Project(items: """<Content Include="Models/*.onnx" CopyToPublishDirectory="Never" /><None Include="Models/*.onnx" CopyToOutputDirectory="Never" />"""));
        Assert.That(app.Build($"-p:NoWarn={Code}").ShouldSucceed().Warnings, Is.Empty, "what isn't copied isn't shipped");
        app.Write("App.csproj", Consumer.Project(items: """<None Include="Models/*.onnx" CopyToOutputDirectory="Never" CopyToPublishDirectory="PreserveNewest" />"""));
        Assert.That(app.Build($"-p:NoWarn={Code}").ShouldSucceed().Warnings.Select(warning => warning.Code), Is.EqualTo(new[] { "MO8009" }), "publishing is shipping");

        app.Write("App.csproj", Consumer.Project(items: """<Content Include="Models/*.onnx" CopyToOutputDirectory="PreserveNewest" />"""));
        app.Edit("model-opt.yaml", "class: SmallModel", "class: SmallModel, as: content");
        Assert.That(app.Build($"-p:NoWarn={Code}").ShouldSucceed().Warnings, Is.Empty);
        Assert.That(app.Length("bin/Debug/net10.0/Models/small.onnx"), Is.EqualTo(app.Length(Path.Combine(app.Output, "small.onnx"))));
    }
}
