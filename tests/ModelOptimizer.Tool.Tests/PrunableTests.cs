namespace ModelOptimizer.Tool.Tests;

/// <summary><c>inspect --prunable</c>.</summary>
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
    public void It_is_shown_instead_of_passes()
    {
        using var folder = new TemporaryFolder();
        var run = Cli.Run("inspect", Models.Classifier(folder), "--prunable", "--passes");

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("ask for one of them"));
    }
}
