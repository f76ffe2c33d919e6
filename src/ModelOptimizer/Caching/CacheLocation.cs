using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Caching;

/// <summary>Where results are kept unless someone says otherwise: where each system has the files that a user can do without.</summary>
public static class CacheLocation
{
    /// <summary>The environment variable that names another folder.</summary>
    public const string Variable = "MODELOPT_CACHE";

    /// <param name="trouble">Told of a variable that names no place.</param>
    /// <returns>A full path; null for a user without a home.</returns>
    public static string? Default(IDiagnosticSink trouble)
    {
        ArgumentNullException.ThrowIfNull(trouble);
        return Default(Environment.GetEnvironmentVariable, trouble);
    }

    internal static string? Default(Func<string, string?> environment, IDiagnosticSink trouble)
    {
        if (environment(Variable) is { Length: > 0 } named)
        {
            if (Path.IsPathRooted(named))
                return Path.GetFullPath(named);
            trouble.Report(new Diagnostic(DiagnosticCatalog.CacheUnusable,
                $"{Variable} is '{named}', another folder for every project, and is ignored: the user's own is used. Give it a full path"));
        }
        if (OperatingSystem.IsWindows())
            return Under(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "ModelOptimizer", "Cache");
        // The XDG specification bids to ignore relative paths.
        if (environment("XDG_CACHE_HOME") is { } xdg && Path.IsPathRooted(xdg))
            return Under(xdg, "model-optimizer");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return OperatingSystem.IsMacOS() ? Under(home, "Library", "Caches", "model-optimizer") : Under(home, ".cache", "model-optimizer");
    }

    private static string? Under(string folder, params string[] parts) => folder.Length == 0 ? null : Path.Combine([folder, .. parts]);
}
