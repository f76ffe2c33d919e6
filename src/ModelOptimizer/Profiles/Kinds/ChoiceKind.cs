using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Profiles;

/// <summary>One of a few names.</summary>
internal sealed class ChoiceKind(IReadOnlyList<string> names, Func<string, object> toValue) : ScalarKind
{
    public override string Wanted => Wording.Or(names);

    /// <summary>The members of an enum in kebab case.</summary>
    public static ChoiceKind OfEnum(Type type, params IEnumerable<object> except)
    {
        var members = Enum.GetValues(type).Cast<object>().Except(except).ToDictionary(member => PassNames.ToKebabCase(member.ToString()!));
        return new ChoiceKind([.. members.Keys], name => members[name]);
    }

    protected override object? Read(ProfileScalar scalar, ScalarType type, ReadContext context)
    {
        if (type != ScalarType.Text && !names.Contains(scalar.Text))
            return context.RefuseType(scalar, Wanted);
        return names.Contains(scalar.Text)
            ? toValue(scalar.Text)
            : context.Refuse(DiagnosticCatalog.InvalidChoice, scalar, $"wants {Wanted}, not '{scalar.Text}'{Suggestion.Clause(scalar.Text, names)}");
    }

    protected override IEnumerable<JsonObject> Alternatives() =>
        [new() { ["type"] = "string", ["enum"] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]) }];

    public override JsonNode Spell(object value) => JsonValue.Create(PassNames.ToKebabCase(value.ToString()!));
}
