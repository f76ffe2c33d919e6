namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Programs get runners from their containers.</summary>
[Category("EndToEnd")]
public sealed class ServicesTests
{
    private const string Item = """<OnnxModel Include="Models/small.onnx" Profile="model-opt.yaml" DependencyInjection="true" />""";

    private const string Properties = "<OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><Nullable>enable</Nullable><NoWarn>$(NoWarn);MO5001</NoWarn>";

    private const string Program = """
        using App;
        using Microsoft.Extensions.DependencyInjection;

        using var services = new ServiceCollection().AddSmallModel(options => options.IntraOpNumThreads = 1).BuildServiceProvider();
        var runner = services.GetRequiredService<SmallModel.Runner>();
        using var result = runner.Run(new float[64], batch: 1);
        System.Console.WriteLine($"{result.Y.Length} {ReferenceEquals(runner, services.GetService<SmallModel.Runner>())}");
        """;

    [TestCase("""<PackageReference Include="Microsoft.Extensions.DependencyInjection" Version="10.0.12" />""")]
    [TestCase("""<FrameworkReference Include="Microsoft.AspNetCore.App" />""")]
    public void A_container_makes_one_runner_by_package_and_by_shared_framework(string reference)
    {
        var app = Consumer.Small($"services {reference[1]}");
        app.Write("Program.cs", "System.Console.WriteLine(App.SmallModel.ModelInfo.Opset);");
        app.Write("App.csproj", Consumer.Project(Properties, Item + Consumer.Runtime));
        var warned = app.Build().ShouldSucceed().Warnings;
        Assert.That(warned.Select(warning => warning.Code), Is.EqualTo(new[] { "MO8010" }));
        Assert.That(warned[0].Text, Does.Contain("doesn't reference Microsoft.Extensions.DependencyInjection.Abstractions. Add it"));

        app.Write("App.csproj", Consumer.Project(Properties, Item + Consumer.Runtime + reference));
        app.Write("Program.cs", Program);
        var mended = app.Build().ShouldSucceed();
        Assert.That(mended.Warnings, Is.Empty);
        Assert.That(mended.ToolRuns, Is.EqualTo(new[] { "EmbedModels" }));
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { "64 True" }));
    }
}
