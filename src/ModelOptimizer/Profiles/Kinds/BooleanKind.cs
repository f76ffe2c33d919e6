using System.Text.Json.Nodes;

namespace ModelOptimizer.Profiles;

internal sealed class BooleanKind : ScalarKind
{
    public override string Wanted => "true or false";

    protected override object? Read(ProfileScalar scalar, ScalarType type, ReadContext context) =>
        type == ScalarType.Boolean ? scalar.Text[0] is 't' or 'T' : context.RefuseType(scalar, Wanted, Hint(scalar));

    protected override IEnumerable<JsonObject> Alternatives() => [new() { ["type"] = "boolean" }];

    public override JsonNode Spell(object value) => JsonValue.Create((bool)value);

    private static string Hint(ProfileScalar scalar) =>
        CoreSchema.OldBoolean(scalar.Text) is { } meant ? $"; YAML 1.2 writes {meant}" : "";
}
