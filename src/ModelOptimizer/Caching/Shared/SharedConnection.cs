using System.Net;

namespace ModelOptimizer.Caching;

/// <summary>One request at a time to a cache's server. No socket is open before the first.</summary>
internal sealed class SharedConnection : IDisposable
{
    private const int MaxRedirects = 5;

    /// <summary>Slower than this nobody waits for a file, up or down.</summary>
    private const int BytesPerSecond = 100_000;

    private static readonly TimeSpan ToConnect = TimeSpan.FromSeconds(5);

    private static readonly HashSet<HttpStatusCode> Elsewhere =
        [HttpStatusCode.MovedPermanently, HttpStatusCode.Found, HttpStatusCode.TemporaryRedirect, HttpStatusCode.PermanentRedirect];

    private readonly SharedCacheSettings _settings;
    private readonly TimeSpan _patience;
    private readonly HttpClient _client;

    /// <param name="patience">How long to wait for an answer, or for more of it.</param>
    public SharedConnection(SharedCacheSettings settings, TimeSpan patience)
    {
        (_settings, _patience) = (settings, patience);
        var toConnect = patience < ToConnect ? patience : ToConnect;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = toConnect };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends a request; the caller disposes of the answer.</summary>
    /// <param name="path"><c>ac/KEY</c> or <c>cas/SHA256</c>.</param>
    /// <param name="content">Opens what is sent, anew for each redirection; null for nothing.</param>
    /// <exception cref="HttpRequestException">There is no answer.</exception>
    public HttpResponseMessage Send(HttpMethod method, string path, Func<Stream>? content, CancellationToken cancellation)
    {
        var address = new Uri(_settings.Address, path);
        for (var redirects = 0; ; redirects++)
        {
            var response = SendOnce(method, address, content, cancellation);
            if (!Elsewhere.Contains(response.StatusCode) || response.Headers.Location is not { } location)
                return response;
            response.Dispose();
            address = new Uri(address, location);
            if (redirects == MaxRedirects || !IsAsSafe(address))
                throw new HttpRequestException("it sends requests on and on, or to a place that is not as safe");
        }
    }

    /// <summary>The body of an answer.</summary>
    /// <param name="size">Bytes that are expected at most.</param>
    public Stream Body(HttpResponseMessage response, long size, CancellationToken cancellation) =>
        new PatientStream(response.Content.ReadAsStream(cancellation), _patience, Deadline(size), cancellation);

    public void Dispose() => _client.Dispose();

    private HttpResponseMessage SendOnce(HttpMethod method, Uri address, Func<Stream>? content, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        // Where a server sends us on has its own secrets, if any.
        if ((address.Scheme, address.Authority) == (_settings.Address.Scheme, _settings.Address.Authority))
            AddSecrets(request);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_patience);
        if (content is not null)
        {
            var stream = content();
            // A known length: some servers refuse bodies in chunks. And a server that refuses or sends on says so before all is sent.
            request.Headers.ExpectContinue = true;
            request.Content = new StreamContent(stream) { Headers = { ContentLength = stream.Length } };
            limit.CancelAfter(Deadline(stream.Length));
        }
        try
        {
            return _client.Send(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException("it doesn't answer");
        }
    }

    /// <summary>No longer than timers can wait, which is for weeks.</summary>
    private TimeSpan Deadline(long size) =>
        TimeSpan.FromSeconds(Math.Min(_patience.TotalSeconds + (size / (double)BytesPerSecond), int.MaxValue / 1000));

    private bool IsAsSafe(Uri address) => address.Scheme == "https" || (address.Scheme == "http" && _settings.Address.Scheme == "http");

    private void AddSecrets(HttpRequestMessage request)
    {
        request.Headers.Authorization = _settings.User;
        if (_settings.Header is { } header)
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
    }
}
