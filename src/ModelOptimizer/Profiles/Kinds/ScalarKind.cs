using System.Text.Json.Nodes;

namespace ModelOptimizer.Profiles;

/// <summary>A value written as one word or number.</summary>
internal abstract class ScalarKind : ValueKind
{
    public sealed override object? Read(ProfileNode node, ReadContext context)
    {
        if (node is not ProfileScalar scalar)
            return context.RefuseType(node, Wanted);
        var type = CoreSchema.TypeOf(scalar);
        return type == ScalarType.Null
            ? context.RefuseType(scalar, Wanted, "; leave the key out for the default")
            : Read(scalar, type, context);
    }

    protected abstract object? Read(ProfileScalar scalar, ScalarType type, ReadContext context);

    /// <summary>The schema of the value itself, without the variables that may stand for it.</summary>
    protected abstract IEnumerable<JsonObject> Alternatives();

    public sealed override JsonObject Schema() =>
        new() { ["anyOf"] = new JsonArray([.. Alternatives(), new JsonObject { ["$ref"] = ProfileSchema.VariableReference }]) };
}
