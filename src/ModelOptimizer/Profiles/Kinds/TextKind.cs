using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>A text that is not empty; a path, which is relative to the file that says it; or a text of a certain form.</summary>
internal sealed class TextKind(string wanted, string? pattern = null, bool isPath = false) : ScalarKind
{
    public override string Wanted => wanted;

    protected override object? Read(ProfileScalar scalar, ScalarType type, ReadContext context)
    {
        if (type != ScalarType.Text)
            return context.RefuseType(scalar, Wanted, $"; put it in quotes if it is meant: \"{scalar.Text}\"");
        if (scalar.Text.Length == 0)
            return context.RefuseType(scalar, Wanted);
        if (pattern is not null && !Regex.IsMatch(scalar.Text, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)))
            return context.Refuse(DiagnosticCatalog.InvalidChoice, scalar, $"'{scalar.Text}' is not {Wanted}");
        return isPath ? ProfileFile.Resolve(scalar.Text, scalar.Origin.Source.Name) : scalar.Text;
    }

    public override ProfileNode WriteOut(ProfileNode node, string folder) => isPath && node is ProfileScalar scalar
        ? scalar with { Text = ProfileFile.Relative(ProfileFile.Resolve(scalar.Text, scalar.Origin.Source.Name), folder) }
        : node;

    protected override IEnumerable<JsonObject> Alternatives()
    {
        var schema = new JsonObject { ["type"] = "string" };
        if (pattern is null)
            schema["minLength"] = 1;
        else
            schema["pattern"] = pattern;
        return [schema];
    }

    public override JsonNode Spell(object value) => JsonValue.Create((string)value);
}
