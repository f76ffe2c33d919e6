using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using ModelOptimizer.Caching.Protos;

namespace ModelOptimizer.Tests.Caching;

/// <summary>
/// A cache's server that takes and gives only what a strict one does: known lengths, contents that fit their digests, lists of files that are there.
/// </summary>
internal sealed partial class StrictServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Thread _thread;

    public StrictServer()
    {
        Port = FreePort();
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}/team/main";

    /// <summary>By <c>ac/KEY</c> and <c>cas/SHA256</c>.</summary>
    public Dictionary<string, byte[]> Contents { get; } = [];

    /// <summary>Method and kind, in order: <c>GET ac</c>.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>What was refused, and why.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Answers instead of the server; false leaves it to the server.</summary>
    public Func<HttpListenerContext, bool>? Instead { get; set; }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        _listener.Close();
        _thread.Join();
    }

    private void Serve()
    {
        try
        {
            while (_listener.GetContext() is { } context)
                lock (Contents)
                    Answer(context);
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }

    private void Answer(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var match = Place().Match(request.Url!.AbsolutePath);
        Requests.Add($"{request.HttpMethod} {match.Groups[1].Value}");
        if (Instead?.Invoke(context) == true)
            return;
        var name = $"{match.Groups[1].Value}/{match.Groups[2].Value}";
        response.StatusCode = !match.Success ? Refuse($"no place for anything: {request.Url.AbsolutePath}")
            : request.HttpMethod == "PUT" ? Put(request, match.Groups[1].Value, name)
            : IsThere(name) ? 200 : 404;
        if (request.HttpMethod == "GET" && response.StatusCode == 200)
            response.OutputStream.Write(Contents[name]);
        response.Close();
    }

    private int Put(HttpListenerRequest request, string kind, string name)
    {
        if (request.ContentLength64 < 0)
            return Refuse("no Content-Length");
        using var memory = new MemoryStream();
        request.InputStream.CopyTo(memory);
        var body = memory.ToArray();
        if (body.Length == 0 || body.Length != request.ContentLength64)
            return Refuse($"{body.Length} bytes of {request.ContentLength64}");
        if (kind == "cas" && name != $"cas/{Convert.ToHexStringLower(SHA256.HashData(body))}")
            return Refuse("another digest");
        if (kind == "ac" && !Files(body).All(Contents.ContainsKey))
            return Refuse("a list of files that are not there");
        Contents[name] = body;
        return 200;
    }

    private bool IsThere(string name) =>
        Contents.TryGetValue(name, out var body) && (name.StartsWith("cas/", StringComparison.Ordinal) || Files(body).All(Contents.ContainsKey));

    private static IEnumerable<string> Files(byte[] entry) =>
        ActionResult.Parser.ParseFrom(entry).OutputFiles.Select(file => $"cas/{file.Digest.Hash}");

    private int Refuse(string why)
    {
        Violations.Add(why);
        return 400;
    }

    [GeneratedRegex("^/(?:.*/)?(ac|cas)/([a-f0-9]{64})$")]
    private static partial Regex Place();
}
