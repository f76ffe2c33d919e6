namespace ModelOptimizer.Reporting;

/// <summary>
/// Folders in which runs write before they move the result into place. A run that is killed leaves its folder behind; whoever comes next takes
/// it away. A living run holds a lock in it.
/// </summary>
internal static class AbandonedRuns
{
    private const string LockName = ".lock";

    /// <summary>Longer than it takes from making a folder to locking it.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromMinutes(1);

    /// <summary>A folder beside the output that no other run uses.</summary>
    public static string NewFolder(string output) =>
        Path.Combine(FolderOf(output), $".{Path.GetFileName(output)}.{Path.GetRandomFileName()}.tmp");

    /// <summary>Makes the folder and holds it until disposed.</summary>
    /// <returns>Null where that can't be: who writes there next will tell why, or finds that it can be written without locks.</returns>
    public static FileStream? TryHold(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new FileStream(Path.Combine(folder, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Removes the folders that runs for this output left behind. What can't be removed stays: it is nobody's result.</summary>
    public static void Sweep(string output)
    {
        foreach (var folder in Folders(output))
            if (IsAbandoned(folder))
                TryDelete(folder);
    }

    private static string[] Folders(string output) =>
        Directory.Exists(FolderOf(output)) ? Directory.GetDirectories(FolderOf(output), $".{Path.GetFileName(output)}.*.tmp") : [];

    private static bool IsAbandoned(string folder)
    {
        var file = Path.Combine(folder, LockName);
        try
        {
            if (!File.Exists(file))
                return DateTime.UtcNow - Directory.GetLastWriteTimeUtc(folder) > Young;
            using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                return LocksHold(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>False on file systems that grant a lock to everybody: there nobody can tell a living run from a dead one.</summary>
    private static bool LocksHold(string heldFile)
    {
        try
        {
            using (new FileStream(heldFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static void TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static string FolderOf(string output) => Path.GetDirectoryName(Path.GetFullPath(output))!;
}
