using ModelOptimizer.Caching.Protos;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Caching;

/// <summary>
/// Remembers results by key, across projects and processes. Whatever goes wrong with it is a warning, and the work is done as without it.
/// </summary>
public sealed class ResultCache : IDisposable
{
    private readonly CacheSettings _settings;
    private readonly IDiagnosticSink _trouble;
    private readonly LocalStore _store;
    private readonly SharedStore? _shared;
    private bool _isBroken;

    /// <param name="trouble">Told of what went wrong, each kind once.</param>
    public ResultCache(CacheSettings settings, IDiagnosticSink trouble)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (_settings, _trouble, _store) = (settings, trouble, new LocalStore(settings.Folder));
        _shared = settings.Shared is { } shared ? new SharedStore(shared, _store, settings.Capacity, settings.Patience, trouble) : null;
    }

    internal LocalStore Store => _store;

    /// <summary>Has one run at a time work under a key: the next finds its result.</summary>
    /// <param name="notice">Told of a wait, and of its end without a result.</param>
    /// <returns>Null where there is no order.</returns>
    internal IDisposable? Enter(string key, Action<string>? notice, CancellationToken cancellation)
    {
        if (_isBroken || !_store.TryPrepare())
            return null;
        var hasTold = false;
        var turn = CacheLock.Take(_store.LockPath(key), new(_settings.QuietWait, Tell, _settings.LongestWait), cancellation);
        if (turn is null && hasTold)
            notice?.Invoke($"The other run took more than {_settings.LongestWait.TotalMinutes:0} minutes: the work is done here, too");
        return turn;

        void Tell()
        {
            hasTold = true;
            notice?.Invoke("Another run makes the same result: waiting for it");
        }
    }

    /// <summary>Looks a result up, here and then on the server.</summary>
    /// <param name="read">Makes something of the entry; it verifies what it reads. Null is a miss.</param>
    /// <returns>Null where there is none to use.</returns>
    internal T? Find<T>(string key, Func<ActionResult, ResultSource, T?> read, CancellationToken cancellation) where T : class
    {
        ActionResult? here = null;
        if (Read(key, () => here = _store.Find(key), entry => read(entry, ResultSource.Cache), e => TellDamaged(key, e)) is { } known)
        {
            Push(key, here!, cancellation);
            return known;
        }
        if (_shared is null)
            return null;
        var fetched = Read(key, () => _shared.Fetch(key, cancellation), entry => read(entry, ResultSource.SharedCache), _shared.TellDamaged);
        if (fetched is null)
            return null;
        Trim();
        return fetched;
    }

    /// <summary>Keeps a result, where there is room for it.</summary>
    /// <param name="list">Lists its files.</param>
    internal void Keep(string key, Func<ResultFiles> list, CancellationToken cancellation)
    {
        if (Attempt(() => Keep(key, list())) is { } made)
            Push(key, made, cancellation);
        Trim();
    }

    public void Dispose() => _shared?.Dispose();

    private T? Read<T>(string key, Func<ActionResult?> find, Func<ActionResult, T?> read, Action<PoisonedEntryException> tell) where T : class
    {
        try
        {
            return Attempt(() => find() is { } entry ? read(entry) : null);
        }
        catch (PoisonedEntryException e)
        {
            if (e is not MissingBlobException)
                tell(e);
            Attempt(() => _store.Forget(key));
            return null;
        }
    }

    private void TellDamaged(string key, PoisonedEntryException e) => _trouble.Report(new Diagnostic(DiagnosticCatalog.CachePoisoned,
        $"A cached result is damaged: {e.Message}. It is dropped, and the model is optimized again", new SourceLocation(_store.ActionPath(key))));

    private ActionResult? Keep(string key, ResultFiles files)
    {
        if (files.Bytes > _settings.Capacity.Bytes)
        {
            Break($"The result takes {new ByteSize(files.Bytes)}, more than the {_settings.Capacity} that the cache may take. "
                + "Allow it more, or do without");
            return null;
        }
        try
        {
            files.AddTo(_store);
        }
        catch (PoisonedEntryException)
        {
            // Another run has written to the same place since.
            return null;
        }
        _store.Put(key, files.Entry);
        return files.Entry;
    }

    private void Push(string key, ActionResult entry, CancellationToken cancellation) => Attempt(() => _shared?.Push(key, entry, cancellation));

    private void Trim() => Attempt(() => new CacheSpace(_store).Trim(_settings.Capacity.Bytes));

    private void Attempt(Action work) => Attempt<object>(() =>
    {
        work();
        return null;
    });

    private T? Attempt<T>(Func<T?> work) where T : class
    {
        try
        {
            return _isBroken ? null : work();
        }
        catch (FileNotFoundException)
        {
            // Another process made room meanwhile, or took the output away.
            return null;
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
        _trouble.Report(new Diagnostic(DiagnosticCatalog.CacheUnusable, message, new SourceLocation(_settings.Folder)));
    }
}
