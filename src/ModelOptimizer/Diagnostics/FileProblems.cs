namespace ModelOptimizer.Diagnostics;

/// <summary>The one place that tells what a failed write is called and what helps.</summary>
public static class FileProblems
{
    /// <summary>Runs <paramref name="write"/> and turns a full disk, a missing permission or a locked file into a diagnostic.</summary>
    /// <exception cref="DiagnosticException">The file can't be written.</exception>
    public static void Guard(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(DiagnosticCatalog.CannotWrite,
                $"{e.Message.TrimEnd('.')}. Check the folder's permissions and free space, or choose another output", new SourceLocation(path));
        }
    }
}
