namespace ModelOptimizer.Tests;

public sealed class CoresTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Loops_and_loops_within_them_stay_within_the_bound(int threads)
    {
        var (running, most, done) = (0, 0, 0);
        using (Cores.Limit(threads))
            Cores.For(0, 6, _ => Cores.For(0, 6, _ =>
            {
                InterlockedMax(ref most, Interlocked.Increment(ref running));
                // Long enough to meet others.
                Thread.SpinWait(20_000);
                Interlocked.Decrement(ref running);
                Interlocked.Increment(ref done);
            }));

        Assert.That(most, Is.InRange(1, threads));
        Assert.That(done, Is.EqualTo(36));
    }

    [Test]
    public void A_bound_holds_for_the_flow_that_asked_and_ends_with_it()
    {
        int within, beyond;
        using (Cores.Limit(3))
        {
            within = Task.Run(() => Cores.Count).Result;
            using (ExecutionContext.SuppressFlow())
                beyond = Task.Run(() => Cores.Count).Result;
        }

        Assert.That((within, beyond, Cores.Count), Is.EqualTo((3, Environment.ProcessorCount, Environment.ProcessorCount)));
    }

    [Test]
    public void With_one_thread_work_beside_the_caller_is_done_by_the_caller()
    {
        using var bound = Cores.Limit(1);

        Assert.That(Cores.Start(() => Environment.CurrentManagedThreadId).Result, Is.EqualTo(Environment.CurrentManagedThreadId));
    }

    [TestCase(0)]
    [TestCase(-1)]
    public void No_threads_are_no_bound(int threads) => Assert.That(() => Cores.Limit(threads), Throws.TypeOf<ArgumentOutOfRangeException>());

    /// <summary>Of nearly 2^31 elements as well, where the rest of a part would run over.</summary>
    [TestCase(0, 64, 0)]
    [TestCase(64, 64, 1)]
    [TestCase(65, 64, 2)]
    [TestCase(int.MaxValue, 1 << 16, 1 << 15)]
    [TestCase(int.MaxValue, int.MaxValue, 1)]
    public void Parts_hold_a_whole_length(int count, int length, int parts) => Assert.That(Cores.Parts(count, length), Is.EqualTo(parts));

    [Test]
    public void A_sum_has_every_term()
    {
        using var bound = Cores.Limit(2);

        Assert.That(Cores.Sum(1000, i => i), Is.EqualTo(499_500));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen; seen = most)
            Interlocked.CompareExchange(ref most, value, seen);
    }
}
