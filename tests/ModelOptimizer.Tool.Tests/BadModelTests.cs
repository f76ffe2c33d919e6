namespace ModelOptimizer.Tool.Tests;

/// <summary>Files that are no models: exit code 4, one line that names the file and the reason, nothing on stdout.</summary>
internal sealed class BadModelTests
{
    private static IEnumerable<TestCaseData> Files()
    {
        yield return Case("empty", "", "MO2002");
        yield return Case("html", "<!DOCTYPE html><html><body>404 Not Found</body></html>", "MO2003");
        yield return Case("lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n", "MO2005");
        yield return Case("text", "This is a note about the model.\nThe model is elsewhere.\n", "MO2003");
    }

    [TestCaseSource(nameof(Files))]
    public void A_file_that_is_no_model_is_exit_code_4(string content, string code)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("bad.onnx", content);

        var run = Cli.Run("inspect", path);

        AssertRefused(run, code, path);
    }

    [Test]
    public void Garbage_is_exit_code_4()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("bad.onnx", [0x0a, 0xff, 0x00, 0x93, 0xfe, 0x17, 0x80, 0x80, 0x41]);

        var run = Cli.Run("inspect", path);

        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.Error, Does.Match("MO200[34]"));
    }

    [Test]
    public void A_missing_file_is_exit_code_4()
    {
        using var folder = new TemporaryFolder();

        AssertRefused(Cli.Run("inspect", folder["nope.onnx"]), "MO2001", folder["nope.onnx"]);
    }

    [Test]
    public void A_folder_is_exit_code_4()
    {
        using var folder = new TemporaryFolder();

        Assert.That(Cli.Run("inspect", folder.Path).ExitCode, Is.EqualTo(4));
    }

    [Test]
    public void The_build_gets_the_same_as_an_event()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("bad.onnx", "");

        var run = Cli.Run("inspect", path, "--events");

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(4));
            Assert.That(run.Error, Is.Empty);
            Assert.That(run.Events[0].GetProperty("kind").GetString(), Is.EqualTo("diagnostic"));
            Assert.That(run.Events[0].GetProperty("severity").GetString(), Is.EqualTo("error"));
            Assert.That(run.Events[0].GetProperty("code").GetString(), Is.EqualTo("MO2002"));
            Assert.That(run.Events[0].GetProperty("file").GetString(), Is.EqualTo(path));
        });
    }

    private static TestCaseData Case(string name, string content, string code) => new TestCaseData(content, code).SetArgDisplayNames(name);

    private static void AssertRefused(Cli run, string code, string path) => Assert.Multiple(() =>
    {
        Assert.That(run.ExitCode, Is.EqualTo(4));
        Assert.That(run.Error, Does.StartWith($"{path} : error {code}: "));
        Assert.That(run.Error, Does.Not.Contain("   at "), "a stack trace");
        Assert.That(run.Out, Is.Empty);
    });
}
