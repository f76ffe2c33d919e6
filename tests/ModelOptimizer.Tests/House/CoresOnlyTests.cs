using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.House;

/// <summary>What counts the processors by itself would not heed <c>--threads</c>.</summary>
public sealed class CoresOnlyTests
{
    [TestCase("Parallel.For")]
    [TestCase(".AsParallel(")]
    [TestCase("Environment.ProcessorCount")]
    public void One_class_alone_shares_work_out(string way)
    {
        var users = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", "ModelOptimizer"), "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains(way, StringComparison.Ordinal)).Select(Path.GetFileName);

        Assert.That(users.Where(file => file != "Cores.cs"), Is.Empty);
    }
}
