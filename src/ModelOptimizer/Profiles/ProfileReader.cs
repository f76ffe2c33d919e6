using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Profiles;

/// <summary>Reads profiles, and tells every mistake in one run.</summary>
public static class ProfileReader
{
    private static readonly Lazy<ProfileVocabulary> Words = new(() => new ProfileVocabulary(
        PassRegistry.All.Select(pass => (pass.Name, pass.Type, pass.OptionsType))));

    internal static ProfileVocabulary Vocabulary => Words.Value;

    /// <summary>Reads a profile with all that it extends.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sink">Hears of each mistake, with file, line, column and key path.</param>
    /// <param name="variables">What <c>${msbuild:Name}</c> stands for, by name.</param>
    /// <returns>The profile; null when any mistake was reported.</returns>
    public static OptimizationProfile? Read(string path, IDiagnosticSink sink, IReadOnlyDictionary<string, string>? variables = null) =>
        Resolve(path, sink, variables)?.Profile;

    /// <summary>Reads a built-in preset as a profile.</summary>
    /// <returns>The profile; null after it was reported that there is none of that name.</returns>
    public static OptimizationProfile? ReadPreset(string name, IDiagnosticSink sink) =>
        Resolve(sink, null, loader => loader.LoadPreset(name, namedAt: null, KeyPath.Root), Vocabulary)?.Profile;

    /// <summary>Reads a profile and keeps, for every value, where it comes from.</summary>
    /// <returns>The profile; null when any mistake was reported.</returns>
    public static ResolvedProfile? Resolve(string path, IDiagnosticSink sink, IReadOnlyDictionary<string, string>? variables = null) =>
        Resolve(path, sink, variables, Vocabulary);

    internal static ResolvedProfile? Resolve(
        string path, IDiagnosticSink sink, IReadOnlyDictionary<string, string>? variables, ProfileVocabulary vocabulary) =>
        Resolve(sink, variables, loader => loader.LoadFile(path), vocabulary);

    private static ResolvedProfile? Resolve(IDiagnosticSink sink, IReadOnlyDictionary<string, string>? variables,
        Func<ProfileLoader, ProfileMap?> load, ProfileVocabulary vocabulary)
    {
        var mistakes = new ErrorCounter(sink);
        var loader = new ProfileLoader(new Variables(variables ?? new Dictionary<string, string>()), mistakes);
        if (load(loader) is not { } tree)
            return null;
        var profile = (OptimizationProfile?)vocabulary.Root.Read(tree, new ReadContext(mistakes, KeyPath.Root));
        return mistakes.Count > 0 || profile is null ? null : new ResolvedProfile(profile with { Files = loader.Files }, tree, vocabulary);
    }

    private sealed class ErrorCounter(IDiagnosticSink inner) : IDiagnosticSink
    {
        public int Count { get; private set; }

        public void Report(Diagnostic diagnostic)
        {
            Count += diagnostic.Severity == Severity.Error ? 1 : 0;
            inner.Report(diagnostic);
        }
    }
}
