using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Keeps what is put under a path, in memory: all that a shared cache needs.</summary>
internal sealed class BlobServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, byte[]> _contents = [];
    private readonly Thread _thread;

    public BlobServer()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/models";
        }
        _listener.Prefixes.Add($"{Url}/");
        _listener.Start();
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    public string Url { get; }

    public int Count => _contents.Count;

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
                Answer(context.Request, context.Response);
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // Closed.
        }
    }

    private void Answer(HttpListenerRequest request, HttpListenerResponse response)
    {
        var path = request.Url!.AbsolutePath;
        if (request.HttpMethod == "PUT")
        {
            using var body = new MemoryStream();
            request.InputStream.CopyTo(body);
            _contents[path] = body.ToArray();
        }
        else if (!_contents.TryGetValue(path, out var content))
            response.StatusCode = 404;
        else if (request.HttpMethod == "GET")
            response.OutputStream.Write(content);
        response.Close();
    }
}
