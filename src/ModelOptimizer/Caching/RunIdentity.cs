using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Caching;

/// <summary>
/// A run by all that decides on its result: program, runtime, settings and the contents of files. Neither where files lie nor where a profile says
/// something counts; limits of the budget don't either, since every result is judged by the budget of its day.
/// </summary>
/// <param name="Key">SHA-256 in lower-case hex.</param>
/// <param name="Files">What the run reads.</param>
internal sealed record RunIdentity(string Key, IReadOnlyList<RunFile> Files)
{
    /// <summary>Raised when entries are made or read otherwise.</summary>
    private const string Format = "1";

    /// <returns>Null where the run depends on more than that, such as on a clock that someone asked for, or where it is going to fail.</returns>
    public static RunIdentity? Of(OptimizationRequest request, IInferenceEngine engine)
    {
        if (request is not { MaxRewrites: int.MaxValue, ProfileOperators: false })
            return null;
        try
        {
            var files = RunFiles.Of(request);
            return new RunIdentity(KeyOf(request, engine, files), files);
        }
        catch (Exception e) when (IsTroubleWithInput(e))
        {
            // Who reads it for the work itself tells what is wrong, and where to mend it.
            return null;
        }
    }

    /// <summary>False when a file was written to, came or went since: nobody knows then which contents a run has read.</summary>
    public bool IsOf(OptimizationRequest request)
    {
        try
        {
            return RunFiles.Of(request).SequenceEqual(Files);
        }
        catch (Exception e) when (IsTroubleWithInput(e))
        {
            return false;
        }
    }

    private static bool IsTroubleWithInput(Exception e) =>
        e is DiagnosticException or InvalidModelException or IOException or UnauthorizedAccessException;

    private static string KeyOf(OptimizationRequest request, IInferenceEngine engine, IReadOnlyList<RunFile> files)
    {
        var profile = request.Profile;
        var message = new KeyMessage()
            .Add("format", Format)
            .Add("product", Product(engine))
            .Add("runtime", engine.Identity)
            .Add("platform", Environment.Version.ToString(fieldCount: 2))
            .Add("machine", DependsOnMachine(profile) ? Machine.Tag : "any")
            // Both names stand in the report, and that of the output in a model with external data.
            .Add("model", Path.GetFileName(request.ModelPath))
            .Add("output", Path.GetFileName(request.OutputPath));
        foreach (var (path, value) in Settings(profile))
            if (value is string text)
                message.Add(path, text);
        foreach (var metric in profile.Budget.Select(limit => limit.Metric).Distinct().Order(StringComparer.Ordinal))
            message.Add("measured", metric);
        foreach (var file in files)
            message.Add(file.Role, Path.GetFileName(file.Path)).Add("sha256", FileDigest.Of(file.Path).Sha256);
        return message.Digest();
    }

    /// <summary>All settings that change what comes out, with their places in the profile.</summary>
    public static IEnumerable<(string Path, object Value)> Settings(OptimizationProfile profile) =>
    [
        .. SettingsLeaves.Of(profile.Passes, "passes"),
        .. SettingsLeaves.Of(profile.Calibration, "calibration"),
        .. SettingsLeaves.Of(profile.Evaluate, "evaluate"),
    ];

    /// <summary>A compiler gives each state of the code its own module identifier: versions say less while a version is in the making.</summary>
    private static string Product(IInferenceEngine engine) => string.Join(' ',
        [Optimizer.Version, .. new[] { typeof(OnnxModel), typeof(Optimizer), engine.GetType() }.Select(type => type.Module.ModuleVersionId)]);

    /// <summary>Passes that see no data compute the same everywhere.</summary>
    private static bool DependsOnMachine(OptimizationProfile profile) =>
        profile.Calibration is not null || profile.Evaluate is not null || profile.Budget.Any(limit => limit.Metric == "latency-ratio");
}
