namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Where the package can't work, it says so in one error.</summary>
[Category("EndToEnd")]
public sealed class SupportTests
{
    [Test]
    public void An_older_SDK_and_an_unsupported_platform_are_one_clear_error_each()
    {
        var app = new Consumer("support");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        Assert.That(app.Build("--no-restore", "-p:NETCoreSdkVersion=9.0.300").ShouldFail().Code, Is.EqualTo("MO8001"));
        Assert.That(app.Build("--no-restore", "-p:NETCoreSdkPortableRuntimeIdentifier=linux-musl-x64").ShouldFail().Code, Is.EqualTo("MO8002"));
    }

    [Test]
    public void Every_mistake_in_the_profile_is_told_at_its_line_in_one_build()
    {
        var app = new Consumer("mistakes");
        app.Write("model-opt.yaml", "version: 1\nmodel: Models/langid.onnx\npasses: [simplifi]\nbudgett: {}\n");
        var errors = app.Build().Errors;
        Assert.That(errors.Select(error => (error.Code, error.LineNumber)), Is.EquivalentTo(new[] { ("MO1008", 3), ("MO1004", 4) }));
        Assert.That(errors.Select(error => error.File), Is.All.EqualTo(Path.Combine(app.Folder, "model-opt.yaml")));
    }
}
