using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>One value of a profile and where it was said.</summary>
/// <param name="Path">Its key path: <c>passes[1].quantize-weights.bits</c>.</param>
/// <param name="Value">The value as YAML writes it.</param>
/// <param name="Origin"><c>FILE(LINE)</c>, <c>preset:NAME</c> or <c>default</c>.</param>
/// <param name="Location">The place to edit; null for defaults.</param>
public sealed record ResolvedValue(string Path, string Value, string Origin, SourceLocation? Location);

/// <summary>A profile with nothing left unsaid: what it extends is merged in, and defaults are written out.</summary>
public sealed class ResolvedProfile
{
    private readonly ProfileMap _tree;

    internal ResolvedProfile(OptimizationProfile profile, ProfileMap tree, ProfileVocabulary vocabulary)
    {
        Profile = profile;
        var own = new ProfileMap([.. tree.Entries.Where(entry => entry.Key != ProfileKeys.Extends)], tree.Origin);
        var folder = profile.Files is [var file, ..] ? Path.GetDirectoryName(file)! : "";
        _tree = (ProfileMap)vocabulary.Root.WriteOut(own, folder);
    }

    public OptimizationProfile Profile { get; }

    /// <summary>Every single value, in the order of the YAML.</summary>
    public IReadOnlyList<ResolvedValue> Values => [.. Leaves(_tree, KeyPath.Root)];

    /// <summary>Where the profile names its model; null when it doesn't.</summary>
    public SourceLocation? ModelLocation => Values.FirstOrDefault(value => value.Path == "model")?.Location;

    /// <summary>The profile as YAML, each value with its origin as a comment; it reads back as the same profile.</summary>
    public string ToYaml() => ProfileYaml.Write(_tree);

    private static IEnumerable<ResolvedValue> Leaves(ProfileNode node, KeyPath path) => node switch
    {
        ProfileMap { Entries.Count: 0 } => [Leaf(node, path, "{}")],
        ProfileList { Items.Count: 0 } => [Leaf(node, path, "[]")],
        ProfileMap map => map.Entries.SelectMany(entry => Leaves(entry.Value, path.Key(entry.Key))),
        ProfileList list => list.Items.SelectMany((item, i) => Leaves(item, path.Item(i))),
        ProfileScalar scalar => [Leaf(scalar, path, ProfileYaml.Spell(scalar))],
        _ => [],
    };

    private static ResolvedValue Leaf(ProfileNode node, KeyPath path, string value) => new(path.Text, value,
        node.Origin.ToString(), node.Origin == DefaultTree.Origin ? null : node.Location);
}
