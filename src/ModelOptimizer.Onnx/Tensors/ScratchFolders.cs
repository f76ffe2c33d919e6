namespace ModelOptimizer.Onnx;

/// <summary>Where scratch files may lie.</summary>
internal static class ScratchFolders
{
    /// <summary>Where large temporary files belong: /tmp itself is often a disk in memory.</summary>
    private const string Large = "/var/tmp";

    /// <summary>The folders in the order in which they are tried: what TMPDIR names comes before all.</summary>
    public static IReadOnlyList<string> Default
    {
        get
        {
            var chosen = Path.TrimEndingDirectorySeparator(Path.GetTempPath());
            if (OperatingSystem.IsWindows())
                return [chosen];
            var isNamed = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 };
            return [.. (isNamed ? new[] { chosen, Large } : [Large, chosen]).Distinct()];
        }
    }

    /// <summary>Why a folder takes no file, without the file's name, which differs from run to run.</summary>
    public static string Reason(Exception e) => e switch
    {
        UnauthorizedAccessException => "Access denied",
        DirectoryNotFoundException => "No such folder",
        _ => e.Message.Split(" : ")[0],
    };
}
