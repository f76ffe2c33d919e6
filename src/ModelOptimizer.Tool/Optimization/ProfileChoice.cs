using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>A model, and the profile that applies to it.</summary>
internal sealed record ModelChoice(string Model, OptimizationProfile Profile)
{
    /// <summary>Where the profile names the model; null when the command line does.</summary>
    public SourceLocation? NamedAt { get; init; }
}

/// <summary>
/// Finds out what to do with which model: from <c>-p</c>, from <c>--preset</c>, or from a profile that lies where one would look for it.
/// </summary>
internal static class ProfileChoice
{
    public const string DefaultFile = "model-opt.yaml";

    /// <summary>The model to work on, with the profile that applies to it.</summary>
    /// <exception cref="UsageException">The command line names too little or too much.</exception>
    /// <exception cref="DiagnosticException">The profile has mistakes; all of them are in it.</exception>
    public static ModelChoice Make(string? model, string? profilePath, string? preset,
        IReadOnlyDictionary<string, string> variables, CommandContext context)
    {
        if (preset is not null)
            return new(model ?? throw new UsageException("--preset needs a MODEL to apply it to"), ReadPreset(preset));
        var path = profilePath ?? Find(model, context);
        var resolved = OrThrow(mistakes => ProfileReader.Resolve(path, mistakes, variables));
        var chosen = ModelOf(model, resolved.Profile, path, isFound: profilePath is null);
        return new(chosen, resolved.Profile) { NamedAt = model is null ? resolved.ModelLocation : null };
    }

    /// <summary>Reads a profile file.</summary>
    /// <exception cref="DiagnosticException">It has mistakes; all of them are in it.</exception>
    public static OptimizationProfile Read(string path, IReadOnlyDictionary<string, string>? variables = null) =>
        OrThrow(mistakes => ProfileReader.Read(path, mistakes, variables));

    private static OptimizationProfile ReadPreset(string name)
    {
        if (!BuiltInPresets.Names.Contains(name))
            throw new UsageException($"There is no preset '{name}'{Suggestion.ClauseOrList(name, BuiltInPresets.Names)}");
        return OrThrow(mistakes => ProfileReader.ReadPreset(name, mistakes));
    }

    private static T OrThrow<T>(Func<DiagnosticBag, T?> read) where T : class
    {
        var mistakes = new DiagnosticBag();
        var profile = read(mistakes);
        mistakes.ThrowIfErrors();
        return profile!;
    }

    /// <summary>Beside the model by its name, then the usual name there, then here.</summary>
    private static string Find(string? model, CommandContext context)
    {
        var found = Candidates(model).FirstOrDefault(File.Exists) ?? throw new UsageException(
            $"What to do is not said: give -p PROFILE, or --preset {string.Join(" | ", BuiltInPresets.Names)}, " +
            $"or write a profile with '{CommandLine.Name} init {model ?? "MODEL"}'");
        context.Say($"Profile: {found}");
        return found;
    }

    private static IEnumerable<string> Candidates(string? model)
    {
        if (model is not null)
        {
            var folder = Path.GetDirectoryName(model) ?? "";
            yield return Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(model)}.{DefaultFile}");
            yield return Path.Combine(folder, DefaultFile);
        }
        yield return DefaultFile;
    }

    private static string ModelOf(string? model, OptimizationProfile profile, string path, bool isFound)
    {
        if (profile.Model is null)
            return model ?? throw new UsageException($"Neither the command line nor {path} names a model");
        if (model is null)
            return profile.Model;
        if (isFound && Path.GetFullPath(model) != Path.GetFullPath(profile.Model))
            throw new UsageException($"{path} is a profile for {profile.Model}; '-p {path}' applies it to {model} all the same");
        return model;
    }
}
