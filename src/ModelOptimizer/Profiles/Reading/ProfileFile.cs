using System.Text;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>Reads the text of a profile from disk, and finds what a profile names relative to itself.</summary>
internal static class ProfileFile
{
    private const long MaxBytes = 1 << 20;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text; null after the reason was reported.</summary>
    public static ProfileSource? Read(string path, IDiagnosticSink sink)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxBytes } file)
                return Refuse(sink, DiagnosticCatalog.ProfileTooLarge, path, $"{file.Length} bytes are too many for a profile; the limit is 1 MiB. Is this the right file?");
            // A byte order mark of UTF-8 or UTF-16 is understood and taken off.
            using var reader = new StreamReader(path, StrictUtf8, detectEncodingFromByteOrderMarks: true);
            var text = reader.ReadToEnd();
            return text.Contains('\0', StringComparison.Ordinal)
                ? Refuse(sink, DiagnosticCatalog.ProfileNotYaml, path, "This is a binary file, not a profile")
                : new ProfileSource(path, text);
        }
        catch (DecoderFallbackException)
        {
            return Refuse(sink, DiagnosticCatalog.ProfileNotYaml, path, "The file is not UTF-8 text; save it as UTF-8");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Refuse(sink, DiagnosticCatalog.CannotRead, path, $"The profile can't be read: {exception.Message}");
        }
    }

    /// <summary>
    /// A path as found from where the tool runs. Relative paths start at the folder of the file that says them, and stay
    /// relative as long as that file is named by a relative path.
    /// </summary>
    public static string Resolve(string path, string sayer)
    {
        if (Path.IsPathRooted(path))
            return path;
        var full = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(sayer))!, path));
        return Path.IsPathRooted(sayer) ? full : Path.GetRelativePath(Environment.CurrentDirectory, full);
    }

    /// <summary>A path as one writes it in a profile that lies in <paramref name="folder"/>.</summary>
    public static string Relative(string path, string folder) =>
        Path.GetRelativePath(folder.Length == 0 ? "." : folder, path).Replace('\\', '/');

    private static ProfileSource? Refuse(IDiagnosticSink sink, DiagnosticDescriptor descriptor, string path, string message)
    {
        sink.Report(new Diagnostic(descriptor, message, new SourceLocation(path)));
        return null;
    }
}
