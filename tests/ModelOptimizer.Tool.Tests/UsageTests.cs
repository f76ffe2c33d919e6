namespace ModelOptimizer.Tool.Tests;

/// <summary>What a wrong command line gets: exit code 2, the reason on stderr, nothing on stdout.</summary>
internal sealed class UsageTests
{
    [TestCase("", "There are optimize, inspect, ")]
    [TestCase("profile", "There are show")]
    [TestCase("inspect", "'MODEL' missing")]
    [TestCase("inspect a.onnx b.onnx", "'b.onnx'")]
    [TestCase("inspect a.onnx --bogus", "'--bogus'")]
    [TestCase("evaluate a.onnx --batch many", "--batch is a number from 1 on, not 'many'")]
    [TestCase("inspect a.onnx -q -v", "exclude each other")]
    [TestCase("inspect a.onnx --json --events", "exclude each other")]
    [TestCase("frobnicate", "'frobnicate'")]
    public void A_usage_error_is_exit_code_2(string line, string reason)
    {
        var run = Cli.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error, Does.Contain(reason));
            Assert.That(run.Error, Does.Contain("--help'"));
            Assert.That(run.Out, Is.Empty);
        });
    }

    [TestCase("inspct model.onnx", "inspect")]
    [TestCase("inspect model.onnx --jsn", "--json")]
    [TestCase("inspect model.onnx --al", "--all")]
    public void A_misspelling_gets_the_word_that_was_meant(string line, string meant) =>
        Assert.That(Cli.Run(line.Split(' ')).Error, Does.Contain($"did you mean '{meant}'?"));

    [Test]
    public void The_version_is_a_version_and_nothing_else()
    {
        var run = Cli.Run("--version");

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.Zero);
            Assert.That(run.Out, Does.Match(@"^\d+\.\d+\.\d+\n$"));
            Assert.That(run.Error, Is.Empty);
        });
    }
}
