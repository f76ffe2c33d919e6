using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Tests.Precision.Mixed;

public sealed class ReversionSearchTests
{
    [Test]
    public void The_shortest_prefix_is_found_wherever_it_ends([Range(1, 40)] int needed, [Values(1, 7, 20, 39, 40)] int guess)
    {
        var asked = new List<int>();

        Assert.That(ReversionSearch.ShortestPrefix(guess, 40, length => Ask(length) >= needed), Is.EqualTo(needed));
        Assert.That(asked, Is.Unique.And.Count.LessThanOrEqualTo(guess == needed ? 2 : 2 * 6), "doubling, then halving");

        int Ask(int length)
        {
            asked.Add(length);
            return length;
        }
    }

    [TestCase("a", "a")]
    [TestCase("abcdefg", "ag")]
    [TestCase("abcdefg", "d")]
    [TestCase("abcdefg", "abcdefg")]
    [TestCase("abcdefgh", "bch")]
    public void What_is_not_needed_is_taken_back(string given, string needed)
    {
        var kept = ReversionSearch.TakeBack([.. given], rest => needed.All(rest.Contains));

        Assert.That(string.Concat(kept), Is.EqualTo(needed));
    }
}
