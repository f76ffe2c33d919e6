using System.Globalization;

namespace ModelOptimizer.Benchmarks;

/// <summary>Watches this process's RssAnon (Linux): resident memory without mapped files.</summary>
internal sealed class AnonymousMemory : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _watcher;
    private long _peak;

    public AnonymousMemory()
    {
        _watcher = new Thread(Watch) { IsBackground = true };
        _watcher.Start();
    }

    /// <summary>The largest value seen, in bytes; seen every five milliseconds.</summary>
    public long Peak() => Interlocked.Read(ref _peak);

    public void Dispose()
    {
        _stop.Cancel();
        _watcher.Join();
        _stop.Dispose();
    }

    private void Watch()
    {
        do
            Interlocked.Exchange(ref _peak, Math.Max(Peak(), Read()));
        while (!_stop.Token.WaitHandle.WaitOne(5));
    }

    private static long Read()
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture);
    }
}
