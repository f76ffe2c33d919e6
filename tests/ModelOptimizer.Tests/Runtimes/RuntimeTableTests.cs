using ModelOptimizer.Runtimes;

namespace ModelOptimizer.Tests.Runtimes;

/// <summary>The table of runtimes is read as it is written, and its rows make sense together.</summary>
public sealed class RuntimeTableTests
{
    [Test]
    public void Limits_never_fall_from_release_to_release()
    {
        var releases = RuntimeTable.Default.Releases;
        Assert.That(releases, Has.Count.GreaterThan(20));
        foreach (var limit in new Func<RuntimeRelease, long>[] { row => row.Opset, row => row.MachineLearningOpset, row => row.IrVersion })
            Assert.That(releases.Select(limit), Is.Ordered);
    }

    [Test]
    public void Every_row_says_how_it_is_known() => Assert.That(
        RuntimeTable.Default.Releases.Select(row => row.Source).Concat(RuntimeTable.Default.Operators.Select(row => row.Source)).Distinct(),
        Is.SubsetOf(new[] { "documented", "integrated", "measured" }));

    [Test]
    public void Operators_came_with_releases_of_the_table() =>
        Assert.That(RuntimeTable.Default.Operators.Select(row => new Version(row.Since.Major, row.Since.Minor))
            .Except(RuntimeTable.Default.Releases.Select(row => row.Version)), Is.Empty);

    [Test]
    public void A_form_of_an_operator_came_no_earlier_than_the_operator()
    {
        var table = RuntimeTable.Default;
        foreach (var plain in table.Operators.Where(row => row.Form.Count == 0))
            Assert.That(table.Operators.Where(row => (row.Domain, row.OpType) == (plain.Domain, plain.OpType)).Select(row => row.Since),
                Is.All.GreaterThanOrEqualTo(plain.Since));
    }

    [TestCase("1.8.2", ExpectedResult = "1.8")]
    [TestCase("1.20.1", ExpectedResult = "1.20")]
    [TestCase("99.0", ExpectedResult = "the last")]
    [TestCase("1.7.9", ExpectedResult = null)]
    public string? A_version_belongs_to_its_release(string version)
    {
        var found = RuntimeTable.Default.For(Version.Parse(version));
        return found == RuntimeTable.Default.Releases[^1] ? "the last" : found?.Version.ToString();
    }

    [TestCase("release 1.9 15 2 8 documented\nrelease 1.8 14 2 7 documented")]
    [TestCase("release 1.9 15 2 documented")]
    [TestCase("runtime 1.9 15 2 8 documented")]
    [TestCase("release 1.9 x 2 8 documented")]
    public void A_table_that_makes_no_sense_is_refused(string text) =>
        Assert.That(() => RuntimeTable.Parse(new StringReader(text)), Throws.InstanceOf<FormatException>());
}
