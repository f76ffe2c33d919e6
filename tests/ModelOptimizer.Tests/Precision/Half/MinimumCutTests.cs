using ModelOptimizer.Passes;

namespace ModelOptimizer.Tests.Precision;

public sealed class MinimumCutTests
{
    [Test]
    public void A_value_with_many_readers_costs_one_cast()
    {
        // 0 makes a value for 1, 2 and 3, each of which makes one that 4 reads.
        var side = MinimumCut.FirstSide(5, [[0, 1, 2, 3], [1, 4], [2, 4], [3, 4]], [0], [4]);

        Assert.That(side, Is.EqualTo(new[] { true, false, false, false, false }));
    }

    [Test]
    public void A_region_grows_to_where_fewest_values_cross()
    {
        // 0 feeds 1 twice over, 1 feeds 2 once.
        var side = MinimumCut.FirstSide(3, [[0, 1], [0, 1], [1, 2]], [0], [2]);

        Assert.That(side, Is.EqualTo(new[] { true, true, false }));
    }

    [TestCase(5, 4, 1)]
    [TestCase(4, 5, 2)]
    public void Groups_cost_what_they_are_said_to(long near, long far, int first)
    {
        long[] costs = [near, far];
        var side = MinimumCut.FirstSide(3, [[0, 1], [1, 2]], group => costs[group], [0], [2]);

        Assert.That(side.Count(isFirst => isFirst), Is.EqualTo(near < far ? 1 : 2).And.EqualTo(3 - first));
    }

    [Test]
    public void A_long_chain_needs_no_deep_stack()
    {
        const int Length = 200_000;
        var chain = Enumerable.Range(0, Length - 1).Select(i => (IReadOnlyList<int>)[i, i + 1]).ToList();

        Assert.That(MinimumCut.FirstSide(Length, chain, [0], [Length - 1]).Count(first => first), Is.EqualTo(1));
    }

    [Test]
    public void No_other_division_is_better([Range(0, 99)] int seed)
    {
        var random = new Random(seed);
        var vertices = random.Next(3, 9);
        IReadOnlyList<int>[] groups = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => Members(random, vertices))];

        var side = MinimumCut.FirstSide(vertices, groups, [0], [vertices - 1]);

        var best = Divisions(vertices).MinBy(division => (Cost(groups, division), division.Count(first => first)))!;
        Assert.That((side[0], side[^1]), Is.EqualTo((true, false)));
        Assert.That((Cost(groups, side), side.Count(first => first)), Is.EqualTo((Cost(groups, best), best.Count(first => first))));
    }

    private static int[] Members(Random random, int vertices) =>
        [.. Enumerable.Range(0, vertices).OrderBy(_ => random.Next()).Take(random.Next(2, Math.Min(5, vertices + 1)))];

    private static IEnumerable<bool[]> Divisions(int vertices) => Enumerable.Range(0, 1 << vertices - 2)
        .Select(bits => (bool[])[true, .. Enumerable.Range(0, vertices - 2).Select(i => (bits >> i & 1) != 0), false]);

    private static int Cost(IEnumerable<IReadOnlyList<int>> groups, bool[] side) =>
        groups.Count(group => group.Any(member => side[member]) && group.Any(member => !side[member]));
}
