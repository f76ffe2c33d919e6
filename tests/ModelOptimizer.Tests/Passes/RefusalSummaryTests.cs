using ModelOptimizer.Passes;

namespace ModelOptimizer.Tests.Passes;

public sealed class RefusalSummaryTests
{
    [Test]
    public void Nothing_refused_is_nothing_found() =>
        Assert.That(RefusalSummary.Of([]), Is.EqualTo("no weight in the model is of its kind and size"));

    [Test]
    public void The_most_frequent_come_first_and_the_rest_is_counted() =>
        Assert.That(RefusalSummary.Of(["a", "b", "b", "c", "d", "c", "c"]), Is.EqualTo("3 × c; 2 × b; 2 × something else"));

    [Test]
    public void Reasons_that_differ_by_numbers_only_are_one() =>
        Assert.That(RefusalSummary.Of(["slower than float: 9 µs longer; 'prefer: size'", "slower than float: 1 µs longer; 'prefer: size'"]),
            Is.EqualTo("2 × slower than float"));

    [Test]
    public void What_is_said_of_one_place_alone_is_told_but_for_the_advice() =>
        Assert.That(RefusalSummary.Of(["slower than float: 9 µs longer; 'prefer: size' takes it"]), Is.EqualTo("1 × slower than float: 9 µs longer"));
}
