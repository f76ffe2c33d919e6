using System.Globalization;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Opset;

/// <summary>The history of operators against what the schemas of ONNX say: since which versions each definition holds.</summary>
public sealed class OperatorHistoryTests
{
    [Test]
    public void Every_change_that_the_schemas_list_is_decided_on()
    {
        var decided = OperatorHistory.All.Select(op => string.Join(' ', op.Value.Versions.Select(Invariant).Prepend(op.Key)));
        Assert.That(decided.Order(StringComparer.Ordinal), Is.EqualTo(InSchemas().Order(StringComparer.Ordinal)));
    }

    [Test]
    public void There_is_an_adapter_for_every_change_that_needs_one_and_no_other()
    {
        var needed = OperatorHistory.All.SelectMany(op => op.Value.Adapted.Select(version => (op.Key, version)));
        Assert.That(OpsetAdapters.Keys, Is.EquivalentTo(needed));
    }

    [Test]
    public void The_history_reaches_to_the_newest_opset_and_not_beyond() =>
        Assert.That(OperatorHistory.All.Values.Max(op => op.Versions[^1]), Is.EqualTo(OperatorCatalog.LatestOpset));

    private static string Invariant(long version) => version.ToString(CultureInfo.InvariantCulture);

    private static string[] InSchemas() =>
        File.ReadAllLines(Path.Combine(Repository.Root, "tests", "ModelOptimizer.Tests", "Passes", "Opset", "operator-versions.txt"));
}
