using System.Globalization;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>Each file says which version of the format it is written in, before anything else of it is judged.</summary>
internal static class VersionRules
{
    /// <summary>False when the file is written in a version that this product can't read.</summary>
    public static bool Check(ProfileMap profile, IDiagnosticSink sink)
    {
        if (profile.Find(ProfileKeys.Version) is not { } entry)
        {
            sink.Report(new Diagnostic(DiagnosticCatalog.MissingKey,
                $"Version is missing; write 'version: {OptimizationProfile.NewestVersion}' as the first line", profile.Location));
            return true;
        }
        if (entry.Value is not ProfileScalar scalar || !int.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            || version <= OptimizationProfile.NewestVersion)
            return true;
        sink.Report(new Diagnostic(DiagnosticCatalog.UnsupportedVersion,
            $"version: {version} is newer than this tool, which reads up to {OptimizationProfile.NewestVersion}; update ModelOptimizer",
            entry.Value.Location));
        return false;
    }
}
