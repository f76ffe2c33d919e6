using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>A pass as the profile knows it.</summary>
/// <param name="Options">Its options; null when it has none.</param>
internal sealed record PassDeclaration(string Name, RecordKind? Options, string? Description);

/// <summary>The list of passes: bare names, or maps with the name as the one key and the options below.</summary>
internal sealed class PassListKind(IReadOnlyList<PassDeclaration> passes, IReadOnlyDictionary<string, ProfileMap> presets) : ValueKind
{
    private readonly Dictionary<string, PassDeclaration> _passes = passes.ToDictionary(pass => pass.Name);
    private readonly IReadOnlyList<string> _names = [.. passes.Select(pass => pass.Name), .. presets.Keys];

    public override string Wanted => "a list of passes, each on a line that starts with '- '";

    public override object? Read(ProfileNode node, ReadContext context) => node is ProfileList list
        ? list.Items.SelectMany((item, i) => ReadEntry(item, context.At(i))).ToList()
        : context.RefuseType(node, Wanted);

    private IEnumerable<PassSettings> ReadEntry(ProfileNode node, ReadContext context)
    {
        if (node is ProfileScalar name && CoreSchema.TypeOf(name) == ScalarType.Text)
            return ReadPass(name.Text, name.Origin, options: null, context);
        if (node is ProfileMap { Entries: [var only] })
            return ReadPass(only.Key, only.KeyOrigin, only.Value, context.At(only.Key));
        context.RefuseType(node, "the name of a pass, or 'name: { options }'", node is ProfileMap map ? MapHint(map) : "");
        return [];
    }

    // Options that are not indented below their pass look like more passes.
    private static string MapHint(ProfileMap map) => map.Entries.Count == 0 ? "" :
        $" of {map.Entries.Count} keys; options go into a map below the name: '{map.Entries[0].Key}: {{ {map.Entries[1].Key}: ... }}'";

    private IEnumerable<PassSettings> ReadPass(string name, Origin origin, ProfileNode? options, ReadContext context)
    {
        if (options is ProfileScalar scalar && CoreSchema.TypeOf(scalar) == ScalarType.Null)
            options = null;
        if (presets.TryGetValue(name, out var preset))
            return ReadPreset(name, preset, origin, options, context);
        if (_passes.TryGetValue(name, out var pass))
            return [new PassSettings(name, ReadOptions(pass, origin, options, context), origin.Location) { IsPreset = origin.Source.IsPreset }];
        context.Sink.Report(new Diagnostic(DiagnosticCatalog.UnknownPass,
            context.Path.Say($"there is no pass or preset '{name}'{Suggestion.ClauseOrList(name, _names)}"), origin.Location));
        return [];
    }

    private static object? ReadOptions(PassDeclaration pass, Origin origin, ProfileNode? options, ReadContext context)
    {
        if (pass.Options is { } kind)
            // An empty map is read where nothing is said, so that what is required is missed.
            return kind.Read(options is null ? new ProfileMap([], origin) : kind.Expand(options), context);
        if (options is not null)
            new MapKind(pass.Name, []).Read(options, context);
        return null;
    }

    private IEnumerable<PassSettings> ReadPreset(string name, ProfileMap preset, Origin origin, ProfileNode? options, ReadContext context)
    {
        if (options is not null)
            context.Refuse(DiagnosticCatalog.WrongType, options, $"the preset {name} has no options; name its passes instead");
        var settings = (IEnumerable<PassSettings>)Read(preset.Find(ProfileKeys.Passes)!.Value, context)!;
        return settings.Select(pass => pass with { Location = origin.Location });
    }

    public override ProfileNode WriteOut(ProfileNode node, string folder) =>
        new ProfileList([.. ((ProfileList)node).Items.SelectMany(item => WriteOutEntry(item, folder))], node.Origin);

    private IEnumerable<ProfileNode> WriteOutEntry(ProfileNode node, string folder)
    {
        var (name, options) = node is ProfileMap { Entries: [var only] } ? (only.Key, only.Value) : (((ProfileScalar)node).Text, null);
        if (presets.TryGetValue(name, out var preset))
            return ((ProfileList)WriteOut(preset.Find(ProfileKeys.Passes)!.Value, folder)).Items;
        if (_passes[name].Options is not { } kind)
            return [new ProfileScalar(name, true, node.Origin)];
        var said = options is null ? null : kind.Expand(options) as ProfileMap;
        var all = kind.WriteOut(said ?? new ProfileMap([], node.Origin), folder);
        return [new ProfileMap([new ProfileEntry(name, node.Origin, all)], node.Origin)];
    }

    public override JsonObject Schema() => new()
    {
        ["type"] = "array",
        ["items"] = new JsonObject { ["anyOf"] = new JsonArray([.. Names(), WithOptions()]) },
    };

    // One alternative per name, so that editors show each description.
    private IEnumerable<JsonObject> Names() => _names.Where(name => !Required(name).Any()).Select(name =>
    {
        var schema = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray(name) };
        if (_passes.GetValueOrDefault(name)?.Description is { } description)
            schema["description"] = description;
        return schema;
    });

    private JsonObject WithOptions() => new()
    {
        ["type"] = "object",
        ["minProperties"] = 1,
        ["maxProperties"] = 1,
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject(_names.Select(name => KeyValuePair.Create(name, (JsonNode?)OptionsOf(name)))),
    };

    /// <summary>The options that a pass can't do without, so that its bare name won't do.</summary>
    private IEnumerable<string> Required(string name) =>
        _passes.GetValueOrDefault(name)?.Options?.Keys.Where(key => key.IsRequired).Select(key => key.Name) ?? [];

    /// <summary>The main option's value by itself.</summary>
    private static IEnumerable<JsonObject> Bare(RecordKind? options) => options?.Main is { } main ? [main.Kind.Schema()] : [];

    private JsonObject OptionsOf(string name)
    {
        var pass = _passes.GetValueOrDefault(name);
        JsonObject nothing = new() { ["type"] = "null" };
        if (presets.ContainsKey(name))
            return nothing;
        var options = (pass!.Options ?? new MapKind(name, [])).Schema();
        string[] required = [.. Required(name)];
        if (required.Length > 0)
            options["required"] = new JsonArray([.. required]);
        var schema = new JsonObject { ["anyOf"] = new JsonArray([options, .. Bare(pass.Options), .. required.Length == 0 ? [nothing] : Array.Empty<JsonNode>()]) };
        if (pass.Description is { } description)
            schema["description"] = description;
        return schema;
    }
}
