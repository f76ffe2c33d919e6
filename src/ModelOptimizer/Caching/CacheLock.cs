using ModelOptimizer.Reporting;

namespace ModelOptimizer.Caching;

/// <summary>How to wait for another run.</summary>
/// <param name="TellAfter">When <paramref name="Tell"/> is called, once.</param>
/// <param name="GiveUpAfter">When to wait no longer.</param>
internal sealed record LockWait(TimeSpan TellAfter, Action Tell, TimeSpan GiveUpAfter);

/// <summary>
/// A lock that one process at a time holds: an open file, so that the system itself lets go of it when the process ends, however that happens.
/// </summary>
internal static class CacheLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for the lock.</summary>
    /// <returns>Null where files can't be locked, and after too long a wait: there is no order then, and the same work may be done twice.</returns>
    public static IDisposable? Take(string path, LockWait wait, CancellationToken cancellation)
    {
        var (begin, told) = (Environment.TickCount64, false);
        while (true)
        {
            try
            {
                return Open(path);
            }
            catch (UnauthorizedAccessException)
            {
                return null;
            }
            catch (IOException e)
            {
                if (!SharedFile.IsHeldByOthers(e))
                    return null;
            }
            var waited = TimeSpan.FromMilliseconds(Environment.TickCount64 - begin);
            if (!told && waited >= wait.TellAfter)
            {
                told = true;
                wait.Tell();
            }
            if (waited >= wait.GiveUpAfter)
                return null;
            cancellation.WaitHandle.WaitOne(Pause);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <returns>Null when another holds it.</returns>
    public static IDisposable? TryTake(string path)
    {
        try
        {
            return Open(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static FileStream Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    }
}
