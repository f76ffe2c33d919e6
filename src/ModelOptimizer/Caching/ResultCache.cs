using ModelOptimizer.Caching.Protos;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Caching;

/// <summary>Where to keep results, and how many.</summary>
/// <param name="Folder">Full path.</param>
public sealed record CacheSettings(string Folder)
{
    public static ByteSize DefaultCapacity { get; } = new(2L << 30);

    /// <summary>What all results together may take.</summary>
    public ByteSize Capacity { get; init; } = DefaultCapacity;
}

/// <summary>
/// Remembers results by key, across projects and processes. Whatever goes wrong with it is a warning, and the work is done as without it.
/// </summary>
/// <param name="trouble">Told of what went wrong, each kind once.</param>
public sealed class ResultCache(CacheSettings settings, IDiagnosticSink trouble)
{
    private readonly LocalStore _store = new(settings.Folder);
    private bool _isBroken;

    internal LocalStore Store => _store;

    /// <summary>What there is in the folder.</summary>
    /// <exception cref="DiagnosticException">It can't be read.</exception>
    public static CacheUsage Usage(string folder) => Manage(folder, space => space.Usage());

    /// <summary>Removes what was used longest ago until the rest takes no more than so much.</summary>
    /// <returns>What is left.</returns>
    /// <exception cref="DiagnosticException">The folder can't be read.</exception>
    public static CacheUsage Trim(CacheSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Manage(settings.Folder, space =>
        {
            space.Trim(settings.Capacity.Bytes);
            return space.Usage();
        });
    }

    /// <summary>Removes all results.</summary>
    /// <returns>What is left: what others use at the moment.</returns>
    /// <exception cref="DiagnosticException">The folder can't be read.</exception>
    public static CacheUsage Clear(string folder) => Manage(folder, space =>
    {
        space.Clear();
        return space.Usage();
    });

    /// <summary>Has one run at a time work under a key: the next finds its result.</summary>
    internal IDisposable? Enter(string key, Action waits, CancellationToken cancellation) =>
        _isBroken ? null : CacheLock.Take(_store.LockPath(key), waits, cancellation);

    /// <summary>Looks a result up.</summary>
    /// <param name="read">Makes something of the entry; it verifies what it reads.</param>
    /// <returns>Null where there is none to use.</returns>
    internal T? Find<T>(string key, Func<ActionResult, T> read) where T : class
    {
        try
        {
            return Attempt(() => _store.Find(key) is { } entry ? read(entry) : null);
        }
        catch (PoisonedEntryException e)
        {
            if (e is not MissingBlobException)
                trouble.Report(new Diagnostic(DiagnosticCatalog.CachePoisoned,
                    $"A cached result is damaged: {e.Message}. It is dropped, and the model is optimized again",
                    new SourceLocation(_store.ActionPath(key))));
            Attempt(() =>
            {
                _store.Forget(key);
                return "";
            });
            return null;
        }
    }

    /// <summary>Keeps a result, where there is room for it.</summary>
    /// <param name="make">Puts its files into the store and lists them.</param>
    /// <param name="bytes">What they take.</param>
    internal void Keep(string key, long bytes, Func<LocalStore, ActionResult?> make)
    {
        if (bytes > settings.Capacity.Bytes)
        {
            Break($"The result takes {new ByteSize(bytes)}, more than the {settings.Capacity} that the cache may take. Allow it more, or do without");
            return;
        }
        Attempt(() =>
        {
            if (make(_store) is { } entry)
                _store.Put(key, entry);
            new CacheSpace(_store).Trim(settings.Capacity.Bytes);
            return "";
        });
    }

    private T? Attempt<T>(Func<T?> work) where T : class
    {
        try
        {
            return _isBroken ? null : work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Break($"{e.Message.TrimEnd('.')}. The work is done without; name another folder with {CacheLocation.Variable}, or switch the cache off");
            return null;
        }
    }

    private void Break(string message)
    {
        _isBroken = true;
        trouble.Report(new Diagnostic(DiagnosticCatalog.CacheUnusable, message, new SourceLocation(settings.Folder)));
    }

    private static CacheUsage Manage(string folder, Func<CacheSpace, CacheUsage> work)
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
