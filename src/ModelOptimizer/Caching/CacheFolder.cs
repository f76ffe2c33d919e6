using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Caching;

/// <summary>Looks after the folder of a cache, for people who want to know or need the room.</summary>
public static class CacheFolder
{
    /// <summary>Where in a named folder the results are: beside what others keep there, in a folder of their own.</summary>
    public static string RootIn(string folder) => CacheMarker.RootIn(folder);

    /// <summary>What there is.</summary>
    /// <exception cref="DiagnosticException">The folder can't be read.</exception>
    public static CacheUsage Usage(string folder) => Do(folder, space => space.Usage());

    /// <summary>Removes what was used longest ago until the rest takes no more than so many bytes.</summary>
    /// <returns>What is left.</returns>
    /// <exception cref="DiagnosticException">The folder can't be read, or is none of a cache.</exception>
    public static CacheUsage Trim(string folder, long capacity) => Do(folder, space =>
    {
        RefuseOther(folder);
        space.Trim(capacity);
        return space.Usage();
    });

    /// <summary>Removes all results.</summary>
    /// <returns>What is left: what others use at the moment.</returns>
    /// <exception cref="DiagnosticException">The folder can't be read, or is none of a cache.</exception>
    public static CacheUsage Clear(string folder) => Do(folder, space =>
    {
        RefuseOther(folder);
        space.Clear();
        return space.Usage();
    });

    /// <summary>Nothing is deleted where somebody's own files may lie.</summary>
    private static void RefuseOther(string folder)
    {
        if (!CacheMarker.IsEmpty(folder) && !CacheMarker.IsOn(RootIn(folder)))
            throw new DiagnosticException(new Diagnostic(DiagnosticCatalog.CacheUnusable,
                $"The folder is no cache, since it has no {CacheMarker.Name}; nothing was deleted. 'model-opt cache info' tells where the cache is",
                new SourceLocation(folder)) { Severity = Severity.Error });
    }

    private static CacheUsage Do(string folder, Func<CacheSpace, CacheUsage> work)
    {
        try
        {
            return work(new CacheSpace(new LocalStore(folder)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(DiagnosticCatalog.CannotRead, e.Message, new SourceLocation(folder));
        }
    }
}
