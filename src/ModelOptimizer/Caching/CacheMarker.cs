namespace ModelOptimizer.Caching;

/// <summary>
/// <c>CACHEDIR.TAG</c> (https://bford.info/cachedir/): says that all in a folder can be made again, so that backups pass it by, and that it is ours,
/// so that nothing is deleted elsewhere.
/// </summary>
internal static class CacheMarker
{
    public const string Name = "CACHEDIR.TAG";

    private const string OwnFolder = "model-optimizer-cache";

    private const string Text =
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        + "# Results of ModelOptimizer, which can be made again. What is in here may be deleted at any time.\n";

    /// <summary>
    /// Where in a named folder the cache is: that folder itself when it is a cache or still nothing; beside what others keep there, a folder of
    /// its own.
    /// </summary>
    public static string RootIn(string folder) =>
        IsEmpty(folder) || Text.StartsWith(Read(folder) ?? "other", StringComparison.Ordinal) ? folder : RootIn(Path.Combine(folder, OwnFolder));

    /// <summary>Whether files may be deleted in it.</summary>
    public static bool IsOn(string folder) => Read(folder) == Text;

    /// <summary>True for one that isn't there, or can't be looked into.</summary>
    public static bool IsEmpty(string folder)
    {
        try
        {
            return !Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Marks a folder of <see cref="RootIn"/>, before anything else goes into it.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
    public static void Put(string folder)
    {
        if (IsOn(folder))
            return;
        Directory.CreateDirectory(folder);
        try
        {
            File.WriteAllText(Path.Combine(folder, Name), Text);
        }
        catch (IOException) when (Read(folder) is not null)
        {
            // Another process writes the same.
        }
    }

    /// <returns>Also half of it while another process writes it; null when there is none, or it is none of this product.</returns>
    private static string? Read(string folder)
    {
        try
        {
            using var file = new FileStream(Path.Combine(folder, Name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            var buffer = new char[Text.Length];
            return new string(buffer, 0, reader.ReadBlock(buffer));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
