using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>Defaults as nodes of the tree, so that a profile can be written out in full.</summary>
internal static class DefaultTree
{
    public static readonly Origin Origin = new(new ProfileSource("default", "", new SourceLocation("default")), 0, 0);

    public static ProfileNode Of(JsonNode spelt) => spelt switch
    {
        JsonObject map => new ProfileMap([.. map.Select(entry => new ProfileEntry(entry.Key, Origin, Of(entry.Value!)))], Origin),
        JsonArray list => new ProfileList([.. list.Select(item => Of(item!))], Origin),
        JsonValue value when value.TryGetValue<string>(out var text) => new ProfileScalar(text, false, Origin),
        _ => new ProfileScalar(spelt.ToJsonString(), true, Origin),
    };
}
