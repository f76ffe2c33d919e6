using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Tool;

/// <summary>Text files that commands read and write, with mistakes said as diagnostics.</summary>
internal static class TextFiles
{
    /// <summary>Writes UTF-8 without a mark; folders on the way are made.</summary>
    /// <exception cref="DiagnosticException">The place can't be written.</exception>
    public static void Write(string path, string text) => Guard(DiagnosticCatalog.CannotWrite, path, () =>
    {
        CreateFolderOf(path);
        File.WriteAllText(path, text);
        return path;
    });

    /// <exception cref="DiagnosticException">The file can't be read.</exception>
    public static string Read(string path) => Guard(DiagnosticCatalog.CannotRead, path, () => File.ReadAllText(path));

    private static DirectoryInfo CreateFolderOf(string path) => Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static T Guard<T>(DiagnosticDescriptor problem, string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(problem, e.Message, new SourceLocation(path));
        }
    }
}
