namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Where the package can't work, it says so in one error.</summary>
[Category("EndToEnd")]
public sealed class SupportTests
{
    [Test]
    public void An_older_SDK_and_an_unsupported_platform_are_one_clear_error_each()
    {
        var app = Consumer.Small("support");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        Assert.That(app.Build("--no-restore", "-p:NETCoreSdkVersion=9.0.300").ShouldFail().Code, Is.EqualTo("MO8001"));
        Assert.That(app.Build("--no-restore", "-p:NETCoreSdkPortableRuntimeIdentifier=linux-musl-x64").ShouldFail().Code, Is.EqualTo("MO8002"));
    }

    [Test]
    public void With_several_target_frameworks_it_is_one_error_too()
    {
        var app = Consumer.Small("support of several");
        app.Write("App.csproj", Consumer.Project("<TargetFrameworks>net10.0;netstandard2.0</TargetFrameworks>"));
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        app.Build("--no-restore", "-p:NETCoreSdkPortableRuntimeIdentifier=osx-x64").ShouldFailWith("MO8002");
    }

    [Test]
    public void Originals_are_embedded_also_where_nothing_can_be_optimized()
    {
        var app = Consumer.Small("support of originals");
        app.Build("-p:ModelOptimizerEnabled=false", "-p:NETCoreSdkPortableRuntimeIdentifier=linux-musl-x64").ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length("Models/small.onnx")}" }));
    }

    [Test]
    public void A_build_needs_no_network()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !File.Exists("/usr/bin/unshare"))
            Assert.Ignore("Only root on Linux can take the network away");
        var app = Consumer.Small("offline");
        DotNet.Run(app.Folder, "restore").ShouldSucceed();
        DotNet.RunOffline(app.Folder, "build", "--no-restore").ShouldSucceed();
        Assert.That(app.RunProgram(), Is.EqualTo(new[] { $"{app.Length(Path.Combine(app.Output, "small.onnx"))}" }));
    }

    /// <summary>ONNX Runtime keeps an id of the machine and what it is going to send in the user's cache folder.</summary>
    [Test]
    public void A_build_keeps_nothing_to_send_about_the_user()
    {
        var app = Consumer.Small("no telemetry");
        DotNet.RunAtHome(app.At("home"), app.Folder, "build").ShouldSucceed();
        Assert.That(File.Exists(Path.Combine(app.Output, "small.onnx")), Is.True);
        var kept = Directory.GetFiles(app.At("home"), "*", SearchOption.AllDirectories).Select(Path.GetFileName);
        Assert.That(kept, Has.None.EqualTo("deviceid").And.None.Contains("onnxruntime"));
    }
}
