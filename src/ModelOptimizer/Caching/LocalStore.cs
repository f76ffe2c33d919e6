using Google.Protobuf;
using ModelOptimizer.Caching.Protos;

namespace ModelOptimizer.Caching;

/// <summary>
/// Results in a folder, as build caches lay them out: <c>ac/KEY</c> lists the files of a result, <c>cas/SHA256</c> holds each of them. So it can be
/// copied, or served as it is. All appears whole or not at all, and whoever reads verifies.
/// </summary>
internal sealed class LocalStore(string folder)
{
    public string Folder => folder;

    public string Actions => Path.Combine(folder, "ac");

    public string Blobs => Path.Combine(folder, "cas");

    public string Locks => Path.Combine(folder, "locks");

    public string Temporary => Path.Combine(folder, "tmp");

    public string ActionPath(string key) => Path.Combine(Actions, key);

    public string BlobPath(Digest digest) => Path.Combine(Blobs, digest.Hash);

    public string LockPath(string name) => Path.Combine(Locks, name);

    /// <summary>The entry under a key; null when there is none. Reading it makes it the latest one used.</summary>
    /// <exception cref="PoisonedEntryException">It can't be read.</exception>
    public ActionResult? Find(string key)
    {
        var path = ActionPath(key);
        if (!File.Exists(path))
            return null;
        var result = Parse(File.ReadAllBytes(path));
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        return result;
    }

    /// <exception cref="PoisonedEntryException">The bytes are no entry.</exception>
    public static ActionResult Parse(byte[] bytes)
    {
        try
        {
            var result = ActionResult.Parser.ParseFrom(bytes);
            var isWhole = result.OutputFiles.Count > 0
                && result.OutputFiles.All(file => Blob.IsName(file.Digest?.Hash) && file.Digest!.SizeBytes >= 0);
            return isWhole ? result : throw new PoisonedEntryException("it lists no files");
        }
        catch (InvalidProtocolBufferException)
        {
            throw new PoisonedEntryException("it is no list of files");
        }
    }

    /// <summary>Copies contents and verifies them.</summary>
    /// <exception cref="PoisonedEntryException">They are missing, or others.</exception>
    public void Read(OutputFile file, Stream target)
    {
        var path = BlobPath(file.Digest);
        if (!File.Exists(path))
            throw new MissingBlobException(file.Path);
        using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        if (!Blob.Copy(source, target).Equals(file.Digest))
            throw new PoisonedEntryException($"its {file.Path} is not what was stored");
    }

    /// <summary>Whether contents are there in full length. Whether they are right shows when they are read.</summary>
    public bool Has(Digest digest) => new FileInfo(BlobPath(digest)) is { Exists: true } file && file.Length == digest.SizeBytes;

    /// <summary>Takes contents in.</summary>
    public Digest Add(Stream content)
    {
        Digest digest = new();
        WriteWhole(temporary => digest = Blob.Copy(content, temporary), () => BlobPath(digest));
        return digest;
    }

    /// <summary>Takes contents in that must have a digest.</summary>
    /// <exception cref="PoisonedEntryException">They have another.</exception>
    public void Add(Stream content, OutputFile expected) => WriteWhole(
        temporary =>
        {
            if (!Blob.Copy(content, temporary, expected.Digest.SizeBytes).Equals(expected.Digest))
                throw new PoisonedEntryException($"its {expected.Path} doesn't fit its digest");
        },
        () => BlobPath(expected.Digest));

    /// <summary>Lists the files of a result under its key; they are there already.</summary>
    public void Put(string key, ActionResult result) => WriteWhole(result.WriteTo, () => ActionPath(key));

    /// <summary>Drops an entry and what it consists of, so that nobody meets it again.</summary>
    public void Forget(string key)
    {
        try
        {
            if (File.Exists(ActionPath(key)))
                foreach (var file in Parse(File.ReadAllBytes(ActionPath(key))).OutputFiles)
                    File.Delete(BlobPath(file.Digest));
        }
        catch (PoisonedEntryException)
        {
            // Whatever belongs to it goes when room is needed.
        }
        File.Delete(ActionPath(key));
    }

    private void WriteWhole(Action<Stream> write, Func<string> target)
    {
        Directory.CreateDirectory(Temporary);
        var temporary = Path.Combine(Temporary, Path.GetRandomFileName());
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
                write(stream);
            Directory.CreateDirectory(Path.GetDirectoryName(target())!);
            File.Move(temporary, target(), overwrite: true);
        }
        catch (UnauthorizedAccessException) when (File.Exists(target()))
        {
            // On Windows, while another process reads what has the same name and so is the same.
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}

/// <summary>Contents went to make room for others: nobody's fault.</summary>
internal sealed class MissingBlobException(string path) : PoisonedEntryException($"its {path} is missing");
