using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>One key of a map.</summary>
internal sealed record MapKey(string Name, ValueKind Kind, string Description)
{
    /// <summary>The value when nothing is said, as YAML spells it.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>A value as YAML text.</summary>
    public string? Example { get; init; }

    public bool IsRequired { get; init; }

    /// <summary>Keys that stand in for this one.</summary>
    public IReadOnlyList<string> Unless { get; init; } = [];

    /// <summary>Whether its value may stand for the whole map.</summary>
    public bool IsMain { get; init; }
}

/// <summary>A map with known keys, and perhaps keys of the user's own.</summary>
/// <param name="title">What the map is, for messages: "calibration".</param>
/// <param name="open">What every other key holds, under a name that describes those keys; null when there may be no others.</param>
internal class MapKind(string title, IReadOnlyList<MapKey> keys, MapKey? open = null) : ValueKind
{
    private readonly Dictionary<string, MapKey> _keys = keys.ToDictionary(key => key.Name);
    private readonly IReadOnlyList<string> _names = [.. keys.Select(key => key.Name)];

    public override string Wanted => open is not null ? $"a map such as {{ {open.Name}: {open.Example} }}" : _names.Count == 0 ? "no options" : $"a map with keys such as {Wording.Or(_names.Take(3))}";

    public IReadOnlyList<MapKey> Keys { get; } = keys;

    /// <summary>The values by key, for <see cref="Complete"/> to make something of.</summary>
    public sealed override object? Read(ProfileNode node, ReadContext context)
    {
        if (node is not ProfileMap map)
            return context.RefuseType(node, Wanted, node is ProfileScalar { IsPlain: true, Text: "" } ? "; leave the key out or give it keys of its own" : "");
        foreach (var key in Keys.Where(key => key.IsRequired && key.Unless.Prepend(key.Name).All(name => map.Find(name) is null)))
            context.Refuse(DiagnosticCatalog.MissingKey, map, $"{key.Name} is missing: {key.Description}");
        var values = new Dictionary<string, object>();
        foreach (var entry in map.Entries)
            if (ReadEntry(entry, context) is { } value)
                values.Add(entry.Key, value);
        return Complete(values, map);
    }

    /// <summary>Makes the value from the parts that could be read.</summary>
    protected virtual object Complete(IReadOnlyDictionary<string, object> values, ProfileMap map) => values;

    private object? ReadEntry(ProfileEntry entry, ReadContext context)
    {
        if (Find(entry.Key) is { } key)
            return key.Kind.Read(entry.Value, context.At(entry.Key));
        var hint = _names.Count == 0 ? $"; {title} has no options" : Suggestion.ClauseOrList(entry.Key, _names);
        context.Sink.Report(new Diagnostic(DiagnosticCatalog.UnknownKey,
            context.At(entry.Key).Path.Say($"unknown key '{entry.Key}'{hint}"), entry.KeyLocation));
        return null;
    }

    private MapKey? Find(string name) => _keys.GetValueOrDefault(name) ?? open;

    public override ProfileNode WriteOut(ProfileNode node, string folder)
    {
        var map = (ProfileMap)node;
        var said = map.Entries.Select(entry => entry with { Value = Find(entry.Key)!.Kind.WriteOut(entry.Value, folder) });
        var unsaid = Keys.Where(key => key.Default is not null && map.Find(key.Name) is null)
            .Select(key => new ProfileEntry(key.Name, DefaultTree.Origin, key.Kind.WriteOut(DefaultTree.Of(key.Default!), folder)));
        return new ProfileMap([.. said, .. unsaid], map.Origin);
    }

    public override JsonObject Schema() => new()
    {
        ["type"] = "object",
        ["additionalProperties"] = open is null ? false : Describe(open),
        ["properties"] = new JsonObject(Keys.Select(key => KeyValuePair.Create(key.Name, (JsonNode?)Describe(key)))),
    };

    private static JsonObject Describe(MapKey key)
    {
        var schema = key.Kind.Schema();
        schema["description"] = key.Description;
        if (key.Default is not null)
            schema["default"] = key.Default.DeepClone();
        if (key.Example is { } example)
            schema["examples"] = new JsonArray(YamlToJson.Convert(example));
        return schema;
    }
}
