namespace ModelOptimizer.Caching;

/// <summary>
/// A lock that one process at a time holds: an open file, so that the system itself lets go of it when the process ends, however that happens.
/// </summary>
internal static class CacheLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for the lock.</summary>
    /// <param name="waits">Called once when another holds it.</param>
    /// <returns>Null where files can't be locked: then there is no order, and the same work may be done twice.</returns>
    public static IDisposable? Take(string path, Action waits, CancellationToken cancellation)
    {
        var told = false;
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
            catch (IOException)
            {
                if (!File.Exists(path))
                    return null;
            }
            if (!told)
                waits();
            told = true;
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
