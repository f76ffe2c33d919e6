using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary><c>inspect --prunable</c>, and what <c>optimize</c> tells of pruning.</summary>
public sealed class PrunableTests
{
    [Test]
    public void Groups_are_listed_with_what_a_unit_has()
    {
        using var folder = new TemporaryFolder();
        var run = Cli.Run("inspect", Models.Classifier(folder), "--prunable");

        Assert.That(run.ExitCode, Is.Zero);
        // 64 weights that make a neuron, 4 that read it, and twice as many operations.
        Assert.That(run.Out, Does.Match(@"\s32\s+neurons\s+68\s+136\s+100\.0%\s+100\.0%\s+MatMul -> "));
        Assert.That(run.Out, Does.Contain("1 group of units that can go one by one").And.Contain("1 layer can't become narrower"));
    }

    [Test]
    public void All_tells_the_tensors_and_why_others_stay()
    {
        using var folder = new TemporaryFolder();
        var run = Cli.Run("inspect", Models.Classifier(folder), "--prunable", "--all");

        Assert.That(run.Out, Does.Contain("weight 'w1' axis 1, 0 to 31 of 32").And.Contain("weight 'w2' axis 0, 0 to 31 of 32").And.Contain("keeps the channels of 'w2': 'logits' is an output"));
    }

    [Test]
    public void Programs_get_the_same()
    {
        using var folder = new TemporaryFolder();
        var group = Cli.Run("inspect", Models.Classifier(folder), "--prunable", "--json").Json.GetProperty("pruning").GetProperty("groups")[0];

        Assert.That(group.GetProperty("units").GetInt32(), Is.EqualTo(32));
        Assert.That(group.GetProperty("kind").GetString(), Is.EqualTo("Hidden"));
        Assert.That(group.GetProperty("weights").EnumerateArray().Select(axis => axis.GetProperty("tensor").GetString()), Is.EqualTo(["w1", "w2"]));
    }

    [Test]
    public void What_pruning_tried_and_cost_is_told()
    {
        using var folder = new TemporaryFolder();
        Npz.Write(folder["data.npz"], ("x", Enumerable.Range(0, 64 * 64).Select(i => i * 37 % 101 / 50f - 1).ToArray(), [64, 64]));
        var profile = folder.Write("p.yaml", """
            version: 1
            calibration: { data: data.npz }
            evaluate: { data: data.npz }
            passes:
              - prune-hidden: { ratio: 75%, accuracy: { metric: sqnr, min: 12 } }
              - quantize-weights: { bits: 8 }
            """);
        var run = Cli.Run("optimize", Models.Classifier(folder), "--profile", profile, "--output", folder["out/model.onnx"]);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Does.Match(@"prune-hidden for sqnr, at least 12\.0 dB: \d+\.\d dB with ratio: "));
        Assert.That(run.Out, Does.Match(@"(?m)^nothing\s+no noise\s+holds$"));
        Assert.That(run.Out, Does.Match(@"(?ms)^After\s+Size\s+Parameters\s+MFLOPs.*^\(original\)\s.*^prune-hidden, before recovery\s.*^prune-hidden\s.*^quantize-weights\s"));
    }

    [Test]
    public void It_is_shown_instead_of_passes()
    {
        using var folder = new TemporaryFolder();
        var run = Cli.Run("inspect", Models.Classifier(folder), "--prunable", "--passes");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("ask for one of them"));
    }
}
