namespace ModelOptimizer.Caching;

/// <summary>What a cache holds.</summary>
/// <param name="Entries">Results.</param>
/// <param name="Bytes">All files together.</param>
public sealed record CacheUsage(int Entries, long Bytes);

/// <summary>Keeps a cache to its size: what was used longest ago goes first.</summary>
internal sealed class CacheSpace(LocalStore store)
{
    /// <summary>Longer than it takes from the first file of a result to the list of them.</summary>
    private static readonly TimeSpan Unfinished = TimeSpan.FromHours(1);

    public CacheUsage Usage() => new(Files(store.Actions, Blob.IsName).Length, All().Sum(Length));

    /// <summary>
    /// Removes what was left behind, and results until the rest takes no more than so many bytes; nothing while another process does so.
    /// </summary>
    public void Trim(long capacity)
    {
        if (!CacheMarker.IsOn(store.Folder))
            return;
        using var turn = CacheLock.TryTake(store.LockPath(LocalStore.TrimLock));
        if (turn is null)
            return;
        foreach (var old in Temporary().Where(IsOld))
            Delete(old);
        foreach (var old in Files(store.Locks, IsLock).Where(IsOld))
            DeleteUnheld(old);
        var entries = Files(store.Actions, Blob.IsName).OrderBy(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => (File: file, Blobs: BlobsOf(file))).ToList();
        var uses = entries.SelectMany(entry => entry.Blobs).GroupBy(name => name).ToDictionary(group => group.Key, group => group.Count());
        var blobs = Files(store.Blobs, Blob.IsName).ToDictionary(file => file.Name);
        foreach (var orphan in blobs.Values.Where(file => !uses.ContainsKey(file.Name) && IsOld(file)).ToList())
            Remove(orphan, blobs);
        var bytes = entries.Sum(entry => Length(entry.File)) + blobs.Values.Sum(Length);
        foreach (var entry in entries.TakeWhile(_ => bytes > capacity))
        {
            bytes -= Length(entry.File);
            Delete(entry.File);
            foreach (var name in entry.Blobs.Where(name => --uses[name] == 0 && blobs.ContainsKey(name)))
                bytes -= Remove(blobs[name], blobs);
        }
    }

    /// <summary>Removes all results. Locks stay, which others may hold.</summary>
    public void Clear()
    {
        foreach (var file in All())
            Delete(file);
    }

    private IEnumerable<FileInfo> All() => [.. Files(store.Actions, Blob.IsName), .. Files(store.Blobs, Blob.IsName), .. Temporary()];

    private FileInfo[] Temporary() => Files(store.Temporary, LocalStore.IsTemporary);

    private static bool IsLock(string name) => name == LocalStore.TrimLock || Blob.IsName(name);

    private static IReadOnlyList<string> BlobsOf(FileInfo entry)
    {
        try
        {
            return [.. LocalStore.Parse(File.ReadAllBytes(entry.FullName)).OutputFiles.Select(file => file.Digest.Hash).Distinct()];
        }
        catch (Exception e) when (e is PoisonedEntryException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Only what has a name that we give: whatever else lies there is somebody's.</summary>
    private static FileInfo[] Files(string folder, Predicate<string> isOurs) =>
        Directory.Exists(folder) ? Array.FindAll(new DirectoryInfo(folder).GetFiles(), file => isOurs(file.Name)) : [];

    private static bool IsOld(FileInfo file) => DateTime.UtcNow - file.LastWriteTimeUtc > Unfinished;

    /// <summary>As it was listed; another process may have deleted it since.</summary>
    private static long Length(FileInfo file) => file.Exists ? file.Length : 0;

    private static long Remove(FileInfo file, Dictionary<string, FileInfo> from)
    {
        from.Remove(file.Name);
        var bytes = Length(file);
        Delete(file);
        return bytes;
    }

    /// <summary>Who begins to wait for it at this moment may do the same work as another: no harm but time.</summary>
    private static void DeleteUnheld(FileInfo file)
    {
        using var held = CacheLock.TryTake(file.FullName);
        if (held is not null)
            Delete(file);
    }

    /// <summary>What is in use on Windows stays for the next time.</summary>
    private static void Delete(FileInfo file)
    {
        try
        {
            File.Delete(file.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
