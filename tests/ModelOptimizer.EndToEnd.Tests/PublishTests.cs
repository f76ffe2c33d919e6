namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Published programs find their models, in whatever form they are published.</summary>
[Category("EndToEnd")]
public sealed class PublishTests
{
    private static readonly string Rid = System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier;

    private static Consumer App(string name, string embedAs)
    {
        var app = Consumer.Small(name);
        app.Edit("model-opt.yaml", "class: SmallModel", $"class: SmallModel, as: {embedAs}");
        app.Write("Program.cs", "using var model = App.SmallModel.OpenRead(); System.Console.WriteLine(model.Length);");
        return app;
    }

    private static string Length(Consumer app, string configuration = "Release") =>
        $"{new FileInfo(app.At($"obj/{configuration}/net10.0/{(configuration == "Release" ? $"{Rid}/" : "")}model-opt/small.onnx")).Length}";

    [TestCase("resource")]
    [TestCase("content")]
    public void Without_building_the_last_build_is_published_and_without_one_the_mistake_is_told(string embedAs)
    {
        var app = App($"no build {embedAs}", embedAs);
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        Assert.That(app.Run("publish", "--no-build", "-c", "Debug", "-o", "out").Errors.Select(error => error.Code), Does.Contain("MO8015"));

        app.Build().ShouldSucceed();
        var length = Length(app, "Debug");
        // What changed since is for the next build: assembly and model stay those that belong together.
        app.Edit("model-opt.yaml", "quantize-weights", "simplify");
        Assert.That(app.Run("publish", "--no-build", "-c", "Debug", "-o", "out").ShouldSucceed().ToolRuns, Is.Empty);
        Assert.That(DotNet.Run(app.Folder, "out/App.dll").ShouldSucceed().Output.Trim(), Is.EqualTo(length));
        app.Run("publish", "-c", "Debug", "-o", "out").ShouldSucceed();
        Assert.That(DotNet.Run(app.Folder, "out/App.dll").ShouldSucceed().Output.Trim(), Is.Not.EqualTo(length));
    }

    [TestCase("resource", "PublishSingleFile=true")]
    [TestCase("content", "PublishSingleFile=true")]
    [TestCase("content", "PublishSingleFile=true;IncludeAllContentForSelfExtract=true")]
    [TestCase("resource", "PublishTrimmed=true;TreatWarningsAsErrors=true")]
    [TestCase("content", "PublishTrimmed=true;PublishSingleFile=true;TreatWarningsAsErrors=true")]
    [TestCase("resource", "PublishAot=true;TreatWarningsAsErrors=true")]
    [TestCase("content", "PublishAot=true;TreatWarningsAsErrors=true")]
    public void A_published_program_finds_its_model(string embedAs, string properties)
    {
        RuntimePacks.Need(properties.Contains("Aot", StringComparison.Ordinal));
        var app = App($"publish {embedAs} {properties.Replace(';', ' ')}", embedAs);
        app.Write("App.csproj", Consumer.Project("<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><InvariantGlobalization>true</InvariantGlobalization>"
            + string.Concat(properties.Split(';').Select(pair => pair.Split('=')).Select(pair => $"<{pair[0]}>{pair[1]}</{pair[0]}>"))
            + "<NoWarn>$(NoWarn);MO5001</NoWarn>", Consumer.Runtime));
        app.Write("Program.cs", """
            using var model = App.SmallModel.OpenRead();
            using var runner = new App.SmallModel.Runner();
            using var result = runner.Run(new float[2 * 64], batch: 2);
            System.Console.WriteLine(result.Y.Length == 2 * 64 && result.Y[0] == 0 ? model.Length : 0);
            """);
        app.Run("publish", ["-r", Rid, "--self-contained", "-o", "out", .. RuntimePacks.Linker]).ShouldSucceed();
        Assert.That(Programs.Run(app.At("out/App")).Trim(), Is.EqualTo(Length(app)));
    }
}
