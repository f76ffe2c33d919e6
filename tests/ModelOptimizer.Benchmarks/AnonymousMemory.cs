using System.Globalization;

namespace ModelOptimizer.Benchmarks;

/// <summary>Watches this process's resident memory (Linux): RssAnon, which no file backs, and RssFile, the pages of mapped files.</summary>
internal sealed class AnonymousMemory : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _watcher;
    private long _peak;
    private long _mapped;

    public AnonymousMemory()
    {
        _watcher = new Thread(Watch) { IsBackground = true };
        _watcher.Start();
    }

    /// <summary>The largest RssAnon seen, in bytes; seen every five milliseconds.</summary>
    public long Peak() => Interlocked.Read(ref _peak);

    /// <summary>The same of RssFile.</summary>
    public long MappedPeak() => Interlocked.Read(ref _mapped);

    public void Dispose()
    {
        _stop.Cancel();
        _watcher.Join();
        _stop.Dispose();
    }

    private void Watch()
    {
        do
        {
            Interlocked.Exchange(ref _peak, Math.Max(Peak(), Read("RssAnon:")));
            Interlocked.Exchange(ref _mapped, Math.Max(MappedPeak(), Read("RssFile:")));
        }
        while (!_stop.Token.WaitHandle.WaitOne(5));
    }

    private static long Read(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim(), CultureInfo.InvariantCulture);
    }
}
