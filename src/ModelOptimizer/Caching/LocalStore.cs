using Google.Protobuf;
using ModelOptimizer.Caching.Protos;

namespace ModelOptimizer.Caching;

/// <summary>
/// Results in a folder, as build caches lay them out: <c>ac/KEY</c> lists the files of a result, <c>cas/SHA256</c> holds each of them. So it can be
/// copied, or served as it is. All appears whole or not at all, and whoever reads verifies.
/// </summary>
internal sealed class LocalStore(string folder)
{
    /// <summary>Who holds it makes room.</summary>
    public const string TrimLock = "trim";

    private const string TemporaryEnding = ".tmp";

    /// <summary>The named one, or one of its own in it.</summary>
    public string Folder => field ??= CacheMarker.RootIn(folder);

    public string Actions => Path.Combine(Folder, "ac");

    public string Blobs => Path.Combine(Folder, "cas");

    public string Locks => Path.Combine(Folder, "locks");

    public string Temporary => Path.Combine(Folder, "tmp");

    /// <summary>Says that a file was used.</summary>
    public Action<string> Touch { get; init; } = path => File.SetLastWriteTimeUtc(path, DateTime.UtcNow);

    /// <summary>Whether a file among the temporary ones can be of a store.</summary>
    public static bool IsTemporary(string name) => name.EndsWith(TemporaryEnding, StringComparison.Ordinal)
        && name.Length == 32 + TemporaryEnding.Length && name[..32].All(char.IsAsciiHexDigitLower);

    public string ActionPath(string key) => Path.Combine(Actions, key);

    public string BlobPath(Digest digest) => Path.Combine(Blobs, digest.Hash);

    public string LockPath(string name) => Path.Combine(Locks, name);

    /// <summary>Makes the folder unless it is there.</summary>
    /// <returns>False where that can't be.</returns>
    public bool TryPrepare()
    {
        try
        {
            CacheMarker.Put(Folder);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The entry under a key; null when there is none. Reading it makes it the latest one used.</summary>
    /// <exception cref="PoisonedEntryException">It can't be read.</exception>
    public ActionResult? Find(string key)
    {
        var path = ActionPath(key);
        ActionResult result;
        try
        {
            result = Parse(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        try
        {
            Touch(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's file, or nothing may be written here: it goes sooner, and is as good.
        }
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
    public void Read(OutputFile file, Action<ReadOnlyMemory<byte>> write)
    {
        try
        {
            var path = BlobPath(file.Digest);
            using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            if (!Blob.Copy(source, write, file.Digest.SizeBytes).Equals(file.Digest))
                throw new PoisonedEntryException($"its {file.Path} is not what was stored");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new MissingBlobException(file.Path);
        }
    }

    /// <summary>Whether contents are there in full length. Whether they are right shows when they are read.</summary>
    public bool Has(Digest digest) => new FileInfo(BlobPath(digest)) is { Exists: true } file && file.Length == digest.SizeBytes;

    /// <summary>Takes contents in that must have a digest.</summary>
    /// <exception cref="PoisonedEntryException">They have another.</exception>
    public void Add(Stream content, OutputFile expected)
    {
        if (!Has(expected.Digest))
            WriteWhole(Copy, BlobPath(expected.Digest));

        void Copy(Stream temporary)
        {
            if (!Blob.Copy(content, temporary, expected.Digest.SizeBytes).Equals(expected.Digest))
                throw new PoisonedEntryException($"its {expected.Path} doesn't fit its digest");
        }
    }

    /// <summary>Lists the files of a result under its key; they are there already.</summary>
    public void Put(string key, ActionResult result) => WriteWhole(result.WriteTo, ActionPath(key));

    /// <summary>Drops an entry and what is wrong of its contents, so that nobody meets them again. The rest may be others', too.</summary>
    public void Forget(string key)
    {
        try
        {
            foreach (var file in Find(key)?.OutputFiles ?? [])
                if (IsWrong(file))
                    File.Delete(BlobPath(file.Digest));
        }
        catch (PoisonedEntryException)
        {
            // Nobody knows what belongs to it: that goes when room is needed.
        }
        if (File.Exists(ActionPath(key)))
            File.Delete(ActionPath(key));
    }

    private bool IsWrong(OutputFile file)
    {
        try
        {
            Read(file, _ => { });
            return false;
        }
        catch (PoisonedEntryException e)
        {
            return e is not MissingBlobException;
        }
    }

    private void WriteWhole(Action<Stream> write, string target)
    {
        CacheMarker.Put(Folder);
        Directory.CreateDirectory(Temporary);
        var temporary = Path.Combine(Temporary, Guid.NewGuid().ToString("N") + TemporaryEnding);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
                write(stream);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(temporary, target, overwrite: true);
        }
        catch (UnauthorizedAccessException) when (File.Exists(target))
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
