using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Embedding;

/// <summary>A profile file as read, or the mistakes that keep it from being read.</summary>
/// <param name="Path">Its full path.</param>
/// <param name="ModelLocation">Where it names its model; null when it doesn't.</param>
internal sealed record LoadedProfile(string Path, OptimizationProfile? Profile, SourceLocation? ModelLocation, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>All profiles of a project: those found in it and those that its items name.</summary>
internal sealed class ProfileSet
{
    private readonly PlanRequest _request;
    private readonly Dictionary<string, LoadedProfile> _profiles = new(PathComparer);
    private readonly HashSet<string> _claimed = new(PathComparer);
    private readonly HashSet<string> _extended;

    public ProfileSet(PlanRequest request)
    {
        _request = request;
        foreach (var path in request.Profiles.Concat(request.Models.Select(model => model.Profile).OfType<string>()).Select(Full))
            _profiles.TryAdd(path, Load(path));
        _extended = _profiles.Values.SelectMany(loaded => loaded.Profile?.Files.Skip(1) ?? []).Select(Full).ToHashSet(PathComparer);
    }

    private static StringComparer PathComparer => OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    /// <summary>Every file that was read, in ordinal order.</summary>
    public IEnumerable<string> Files => _profiles.Values.SelectMany(loaded => loaded.Profile?.Files.Select(Full) ?? [loaded.Path])
        .Distinct(PathComparer).Order(StringComparer.Ordinal);

    /// <summary>The profile that an item names, or the one that names the item's model; null when there is none.</summary>
    public LoadedProfile? For(RequestedModel item)
    {
        var profile = item.Profile is { } named
            ? _profiles[Full(named)]
            : _profiles.Values.FirstOrDefault(loaded => loaded.Profile?.Model is { } model && PathComparer.Equals(Full(model), Full(item.Model)));
        if (profile is not null)
            _claimed.Add(profile.Path);
        return profile;
    }

    /// <summary>The profiles found that name a model and that neither an item nor another profile uses.</summary>
    /// <param name="sink">Hears of profiles that nothing uses at all.</param>
    public IReadOnlyList<LoadedProfile> Unclaimed(IDiagnosticSink sink)
    {
        var free = _profiles.Values.Where(loaded => loaded.Profile is not null && !IsUsed(loaded)).ToArray();
        foreach (var idle in free.Where(loaded => loaded.Profile!.Model is null))
            sink.Report(new Diagnostic(DiagnosticCatalog.ProfileUnused,
                "The profile is found but not used: add 'model:' to it, or name it in the metadata Profile of an OnnxModel item", new SourceLocation(idle.Path)));
        return [.. free.Where(loaded => loaded.Profile!.Model is not null)];
    }

    /// <summary>What is wrong with the profiles; a mistake in an extended file was already told by the file that extends it.</summary>
    public void ReportMistakes(IDiagnosticSink sink)
    {
        foreach (var diagnostic in _profiles.Values.Where(loaded => !_extended.Contains(loaded.Path)).SelectMany(loaded => loaded.Diagnostics).Distinct())
            sink.Report(diagnostic);
    }

    private bool IsUsed(LoadedProfile loaded) => _claimed.Contains(loaded.Path) || _extended.Contains(loaded.Path);

    private string Full(string path) => Path.GetFullPath(path, _request.ProjectDirectory);

    private LoadedProfile Load(string path)
    {
        var mistakes = new DiagnosticBag();
        var resolved = ProfileReader.Resolve(path, mistakes, _request.Variables);
        return new LoadedProfile(path, resolved?.Profile, resolved?.ModelLocation, mistakes.Diagnostics);
    }
}
