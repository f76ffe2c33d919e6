using System.Globalization;
using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>YAML as an editor's schema check sees it: JSON by the core schema of YAML 1.2.</summary>
internal static class YamlToJson
{
    /// <summary>Converts a value of ours; it must be valid.</summary>
    public static JsonNode? Convert(string yaml)
    {
        var bag = new DiagnosticBag();
        var tree = YamlTreeReader.Read(new ProfileSource("example", $"value: {yaml}"), new Variables(new Dictionary<string, string>()), bag);
        bag.ThrowIfErrors();
        return Convert(tree!.Entries[0].Value);
    }

    public static JsonNode? Convert(ProfileNode node) => node switch
    {
        ProfileMap map => new JsonObject(map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Convert(entry.Value)))),
        ProfileList list => new JsonArray([.. list.Items.Select(Convert)]),
        ProfileScalar scalar => Convert(scalar),
        _ => null,
    };

    private static JsonValue? Convert(ProfileScalar scalar) => CoreSchema.TypeOf(scalar) switch
    {
        ScalarType.Null => null,
        ScalarType.Boolean => JsonValue.Create(scalar.Text[0] is 't' or 'T'),
        ScalarType.Integer when long.TryParse(scalar.Text, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        ScalarType.Integer or ScalarType.Float when double.TryParse(scalar.Text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) =>
            JsonValue.Create(number),
        _ => JsonValue.Create(scalar.Text),
    };
}
