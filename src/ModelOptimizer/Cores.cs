namespace ModelOptimizer;

/// <summary>
/// How much runs at once. Work is bounded for the flow that asked, as a build bounds one tool among others; no result depends on it, and so it is
/// not handed through every constructor.
/// </summary>
public static class Cores
{
    private static readonly AsyncLocal<ParallelOptions?> Bound = new();

    /// <summary>Threads that may compute at once: as bounded, else one per processor that the process may use.</summary>
    public static int Count => Bound.Value?.MaxDegreeOfParallelism ?? Environment.ProcessorCount;

    /// <summary>Bounds what this flow does until the answer is disposed.</summary>
    /// <param name="count">Threads, from 1 on, of which more than 256 are never begun; null leaves it to the processors.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public static IDisposable Limit(int? count)
    {
        var scope = new Scope(Bound.Value);
        if (count is { } threads)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
            // One scheduler for all loops: a loop within a loop stays within the bound, too.
            threads = Math.Min(threads, 256);
            var scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler;
            Bound.Value = new ParallelOptions { MaxDegreeOfParallelism = threads, TaskScheduler = scheduler };
        }
        return scope;
    }

    /// <summary>Does the work for each number from <paramref name="from"/> to below <paramref name="to"/>, several at once.</summary>
    /// <exception cref="AggregateException">What failed.</exception>
    public static void For(int from, int to, Action<int> work) => Parallel.For(from, to, Bound.Value ?? new ParallelOptions(), work);

    /// <summary>How many parts of a length there are, the last of which may be shorter: of any count up to 2^31.</summary>
    public static int Parts(int count, int length) => (int)(((long)count + length - 1) / length);

    /// <summary>The sum of a number per item.</summary>
    public static long Sum(int count, Func<int, long> term)
    {
        var sum = 0L;
        Parallel.For(0, count, Bound.Value ?? new ParallelOptions(), () => 0L, (i, _, part) => part + term(i), part => Interlocked.Add(ref sum, part));
        return sum;
    }

    /// <summary>Begins work beside the caller's; with one thread the caller does it first.</summary>
    public static Task<T> Start<T>(Func<T> work)
    {
        if (Count > 1)
            return Task.Run(work);
        var task = new Task<T>(work);
        task.RunSynchronously(TaskScheduler.Default);
        return task;
    }

    private sealed class Scope(ParallelOptions? before) : IDisposable
    {
        public void Dispose() => Bound.Value = before;
    }
}
