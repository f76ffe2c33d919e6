using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary>The command line on real models, where they are at hand.</summary>
[Category("Slow")]
internal sealed class RealModelTests
{
    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Inspect_reads_every_model(string path)
    {
        var run = Cli.Run("inspect", path, "--json");

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("nodes").GetInt32(), Is.Positive);
        Assert.That(run.Json.GetProperty("bytes").GetInt64(), Is.GreaterThanOrEqualTo(new FileInfo(path).Length));
    }

    [Test]
    public void External_data_counts()
    {
        var path = SharedModels.Require("ocr-det-external.onnx");

        var json = Cli.Run("inspect", path, "--json").Json;

        Assert.That(json.GetProperty("externalData").GetProperty("files")[0].GetString(), Is.EqualTo("ocr-det-external.onnx.data"));
        Assert.That(json.GetProperty("bytes").GetInt64(), Is.EqualTo(new FileInfo(path).Length + new FileInfo(path + ".data").Length));
    }

    [Test]
    public void A_classifier_keeps_its_accuracy()
    {
        using var folder = new TemporaryFolder();
        var model = SharedModels.Require("langid-bert.onnx");
        var data = SharedModels.Require("langid-bert.eval.npz");
        var profile = folder.Write("p.yaml", $"""
            version: 1
            extends: preset:weights-int8
            evaluate: {"{"} data: "{data}", labels: labels, metrics: [top-1] {"}"}
            budget:
              size-ratio: 30%
              top-1: {"{"} max-drop: 1% {"}"}
            """);

        var run = Cli.Run("optimize", model, "-p", profile, "-o", folder["out"]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Match(@"top-1 +65\.85% +\d+\.\d+%  kept"));
    }
}
