using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>The size of a picture.</summary>
internal sealed class ImageSizeKind : ScalarKind
{
    public override string Wanted => $"a size in pixels such as 224 or 640x480, up to {ImageSize.Largest}";

    protected override object? Read(ProfileScalar scalar, ScalarType type, ReadContext context)
    {
        if (type is not (ScalarType.Integer or ScalarType.Text))
            return context.RefuseType(scalar, Wanted);
        return ImageSize.TryParse(scalar.Text, out var size)
            ? size
            : context.Refuse(DiagnosticCatalog.OutOfRange, scalar, $"wants {Wanted}, not {scalar.Text}");
    }

    protected override IEnumerable<JsonObject> Alternatives() =>
    [
        new() { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = ImageSize.Largest },
        new() { ["type"] = "string", ["pattern"] = "^[1-9][0-9]{0,4}(x[1-9][0-9]{0,4})?$" },
    ];

    public override JsonNode Spell(object value) => JsonValue.Create(value.ToString()!);
}
