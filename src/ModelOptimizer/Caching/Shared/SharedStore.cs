using System.Net;
using Google.Protobuf;
using ModelOptimizer.Caching.Protos;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Caching;

/// <summary>
/// Results of a team on a server. What comes is verified before it is kept; after the first trouble nothing more is asked of the server,
/// so that a build loses seconds at most.
/// </summary>
/// <param name="capacity">What a result may take at most, whatever the server says that it takes.</param>
internal sealed class SharedStore(SharedCacheSettings settings, LocalStore local, ByteSize capacity, TimeSpan patience, IDiagnosticSink trouble)
    : IDisposable
{
    /// <summary>Far more than a list of four files takes.</summary>
    private const int LongestEntry = 1 << 16;

    private readonly SharedConnection _connection = new(settings, patience);
    private bool _isBroken;

    /// <summary>Brings a result into the local store.</summary>
    /// <returns>Null when the server has none, or trouble was told.</returns>
    public ActionResult? Fetch(string key, CancellationToken cancellation) => Attempt(() =>
    {
        using var answer = _connection.Send(HttpMethod.Get, $"ac/{key}", null, cancellation);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return null;
        Require(answer);
        var entry = LocalStore.Parse(ReadEntry(answer, cancellation));
        RequireRoom(entry);
        foreach (var file in entry.OutputFiles.Where(file => !local.Has(file.Digest)))
            if (!Fetch(file, cancellation))
                return null;
        local.Put(key, entry);
        return entry;
    });

    /// <summary>Sends a result unless the server has it: files first, since a list of files that are missing is no good to anybody.</summary>
    public void Push(string key, ActionResult entry, CancellationToken cancellation) => Attempt(() =>
    {
        if (!settings.Push || Has($"ac/{key}", cancellation))
            return entry;
        foreach (var digest in entry.OutputFiles.Select(file => file.Digest))
            if (!Has($"cas/{digest.Hash}", cancellation) && !PutFile(digest, cancellation))
                return null;
        Put($"ac/{key}", () => new MemoryStream(entry.ToByteArray()), cancellation);
        return entry;
    });

    /// <summary>Asks nothing more of a server that has something else than was stored.</summary>
    public void TellDamaged(PoisonedEntryException e) => Break(DiagnosticCatalog.SharedResultDamaged,
        $"A result of the shared cache is not used: {e.Message}. The work is done here; have it deleted on the server");

    public void Dispose() => _connection.Dispose();

    /// <returns>False when the server lost the file.</returns>
    private bool Fetch(OutputFile file, CancellationToken cancellation)
    {
        using var answer = _connection.Send(HttpMethod.Get, $"cas/{file.Digest.Hash}", null, cancellation);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return false;
        Require(answer);
        using var body = _connection.Body(answer, file.Digest.SizeBytes, cancellation);
        local.Add(body, file);
        return true;
    }

    private byte[] ReadEntry(HttpResponseMessage answer, CancellationToken cancellation)
    {
        using var body = _connection.Body(answer, LongestEntry, cancellation);
        using var entry = new MemoryStream();
        var isShort = Blob.Copy(body, entry, LongestEntry).SizeBytes <= LongestEntry;
        return isShort ? entry.ToArray() : throw new PoisonedEntryException("it is no list of files");
    }

    private void RequireRoom(ActionResult entry)
    {
        var bytes = entry.OutputFiles.Sum(file => (decimal)file.Digest.SizeBytes);
        if (bytes > capacity.Bytes)
            throw new PoisonedEntryException(
                $"it takes {new ByteSize((long)Math.Min(bytes, long.MaxValue))}, more than the {capacity} that the cache may take here");
    }

    private bool Has(string path, CancellationToken cancellation)
    {
        using var answer = _connection.Send(HttpMethod.Head, path, null, cancellation);
        if (answer.StatusCode != HttpStatusCode.NotFound)
            Require(answer);
        return answer.IsSuccessStatusCode;
    }

    /// <returns>False when the server refuses it, which was told, or another process made room meanwhile: there is nothing to send.</returns>
    private bool PutFile(Digest digest, CancellationToken cancellation)
    {
        try
        {
            return Put($"cas/{digest.Hash}", () => Open(local.BlobPath(digest)), cancellation);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <returns>False when the server refuses it, which was told.</returns>
    private bool Put(string path, Func<Stream> content, CancellationToken cancellation)
    {
        using var answer = _connection.Send(HttpMethod.Put, path, content, cancellation);
        if ((int)answer.StatusCode is < 400 or >= 500)
        {
            Require(answer);
            return true;
        }
        Break(DiagnosticCatalog.SharedCacheRefuses,
            $"The shared cache takes no results: {Status(answer)}. Push with a user that may write, or don't push from here");
        return false;
    }

    /// <summary>On Windows, too, others may delete it meanwhile.</summary>
    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);

    private static void Require(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
            throw new HttpRequestException(Status(answer));
    }

    private static string Status(HttpResponseMessage answer) => $"{(int)answer.StatusCode} {answer.ReasonPhrase}".TrimEnd();

    private string Advice => settings.LacksHeader
        ? $"{SharedCacheSettings.HeaderVariable} is not sent, as {SharedCacheSettings.UrlVariable} names another server or none"
        : "check the address, and what the server logs";

    private T? Attempt<T>(Func<T?> work) where T : class
    {
        if (_isBroken)
            return null;
        try
        {
            return work();
        }
        catch (HttpRequestException e)
        {
            Break(DiagnosticCatalog.SharedCacheUnreachable,
                $"The shared cache fails: {e.GetBaseException().Message.TrimEnd('.')}. The work is done here; {Advice}");
        }
        catch (PoisonedEntryException e)
        {
            TellDamaged(e);
        }
        return null;
    }

    private void Break(DiagnosticDescriptor descriptor, string message)
    {
        _isBroken = true;
        trouble.Report(new Diagnostic(descriptor, message, new SourceLocation(settings.Address.AbsoluteUri)));
    }
}
