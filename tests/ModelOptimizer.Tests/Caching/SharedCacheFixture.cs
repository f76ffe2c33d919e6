using System.Net;
using ModelOptimizer.Caching;

namespace ModelOptimizer.Tests.Caching;

/// <summary>A server, and two machines: one that pushes and one that only takes.</summary>
internal abstract class SharedCacheFixture : IDisposable
{
    private protected readonly StrictServer _server = new();
    private protected readonly CachedFolder _pusher = new();
    private protected readonly CachedFolder _puller = new();

    protected SharedCacheFixture()
    {
        _puller.Shared = SharedCacheSettings.Parse(_server.Url, header: null);
        _pusher.Shared = _puller.Shared with { Push = true };
    }

    public void Dispose()
    {
        _pusher.Dispose();
        _puller.Dispose();
        _server.Dispose();
    }

    private protected static IEnumerable<string> Told(CachedFolder folder) => folder.Trouble.Diagnostics.Select(diagnostic => diagnostic.Code);

    /// <summary>Answers with a status, if there is one.</summary>
    private protected static bool Status(HttpListenerContext context, int? status)
    {
        if (status is not { } code)
            return false;
        context.Request.InputStream.CopyTo(Stream.Null);
        context.Response.StatusCode = code;
        context.Response.Close();
        return true;
    }
}
