using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>Reads a profile with everything that it extends, and merges them into one tree.</summary>
internal sealed class ProfileLoader(Variables variables, IDiagnosticSink sink)
{
    private const int MaxDepth = 20;
    private const string PresetPrefix = "preset:";

    // The chain from the profile asked for down to the one being read, each with the place that names it.
    private readonly List<(string FullPath, string Name, SourceLocation? NamedAt)> _chain = [];
    private readonly List<string> _files = [];

    /// <summary>Every file read, in order of first use.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>The merged tree without <c>extends</c>; null after the reason was reported.</summary>
    public ProfileMap? LoadFile(string path)
    {
        if (File.Exists(path))
            return LoadFile(path, namedAt: null);
        sink.Report(new Diagnostic(DiagnosticCatalog.ProfileNotFound,
            $"There is no profile {path}; 'dotnet model-opt init MODEL' writes one", new SourceLocation(path)));
        return null;
    }

    /// <summary>The tree of a built-in preset; null after the reason was reported.</summary>
    /// <param name="namedAt">Where a human asked for it.</param>
    /// <param name="path">The key that asks for it.</param>
    public ProfileMap? LoadPreset(string name, SourceLocation? namedAt, KeyPath path)
    {
        if (BuiltInPresets.Text(name) is { } text)
            return Load(new ProfileSource(PresetPrefix + name, text, namedAt ?? new SourceLocation($"preset {name}")));
        sink.Report(new Diagnostic(DiagnosticCatalog.UnknownPass,
            path.Say($"there is no preset '{name}'{Suggestion.ClauseOrList(name, BuiltInPresets.Names)}"), namedAt));
        return null;
    }

    private ProfileMap? LoadFile(string path, SourceLocation? namedAt)
    {
        if (ProfileFile.Read(path, sink) is not { } source)
            return null;
        if (!_files.Contains(path))
            _files.Add(path);
        _chain.Add((Path.GetFullPath(path), path, namedAt));
        var tree = Load(source);
        _chain.RemoveAt(_chain.Count - 1);
        return tree;
    }

    private ProfileMap? Load(ProfileSource source)
    {
        if (YamlTreeReader.Read(source, variables, sink) is not { } tree || !VersionRules.Check(tree, sink))
            return null;
        ProfileMap? bases = null;
        foreach (var (name, at) in Extended(tree))
            if (LoadExtended(name, at) is { } next)
                bases = bases is null ? next : ProfileMerge.Over(bases, next);
        return bases is null ? tree : ProfileMerge.Over(WithoutExtends(bases), tree);
    }

    private static ProfileMap WithoutExtends(ProfileMap map) =>
        new([.. map.Entries.Where(entry => entry.Key != ProfileKeys.Extends)], map.Origin);

    /// <summary>What is no text at all is left for the binder to tell.</summary>
    private static IEnumerable<(ProfileScalar Name, KeyPath Path)> Extended(ProfileMap tree)
    {
        var path = KeyPath.Root.Key(ProfileKeys.Extends);
        IEnumerable<(ProfileNode Item, KeyPath Path)> items = tree.Find(ProfileKeys.Extends)?.Value switch
        {
            null => [],
            ProfileList list => list.Items.Select((item, i) => (item, path.Item(i))),
            var only => [(only, path)],
        };
        foreach (var (item, at) in items)
            if (item is ProfileScalar { Text.Length: > 0 } name && CoreSchema.TypeOf(name) == ScalarType.Text)
                yield return (name, at);
    }

    private ProfileMap? LoadExtended(ProfileScalar name, KeyPath at)
    {
        if (name.Text.StartsWith(PresetPrefix, StringComparison.Ordinal))
            return LoadPreset(name.Text[PresetPrefix.Length..], name.Location, at);
        var path = ProfileFile.Resolve(name.Text, name.Origin.Source.Name);
        if (!File.Exists(path))
            return Refuse(DiagnosticCatalog.ExtendsNotFound, name, at, $"{path} does not exist; {name.Location} extends it{PresetHint(name.Text)}");
        var full = Path.GetFullPath(path);
        if (_chain.FindIndex(link => link.FullPath == full) is >= 0 and var from)
            return Refuse(DiagnosticCatalog.ExtendsCycle, name, at, $"the profiles extend each other in a circle: {Circle(from, name)}");
        if (_chain.Count >= MaxDepth)
            return Refuse(DiagnosticCatalog.ExtendsCycle, name, at, $"more than {MaxDepth} profiles extend one another; is this a circle?");
        return LoadFile(path, name.Location);
    }

    private ProfileMap? Refuse(DiagnosticDescriptor descriptor, ProfileScalar name, KeyPath at, string message)
    {
        sink.Report(new Diagnostic(descriptor, at.Say(message), name.Location));
        return null;
    }

    // a.yaml extends b.yaml at a.yaml(2,10), b.yaml extends a.yaml at b.yaml(2,10)
    private string Circle(int from, ProfileScalar last)
    {
        var links = _chain.Skip(from + 1).Select(link => (link.Name, Place: link.NamedAt!)).Append((_chain[from].Name, Place: last.Location));
        return string.Join(", ", links.Select(link => $"{link.Place} extends {link.Name}"));
    }

    private static string PresetHint(string name) =>
        Suggestion.For(name, BuiltInPresets.Names) is { } preset ? $". Is '{PresetPrefix}{preset}' meant?" : "";
}
