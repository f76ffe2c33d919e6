using System.Text.Json.Nodes;

namespace ModelOptimizer.Profiles;

/// <summary>A list of texts. A single one may stand without the list's brackets.</summary>
internal sealed class ListKind(ValueKind item) : ValueKind
{
    public override string Wanted => $"a list; each item {item.Wanted}";

    public override object? Read(ProfileNode node, ReadContext context) => node switch
    {
        ProfileList list => list.Items.Select((value, i) => item.Read(value, context.At(i))).OfType<string>().ToList(),
        ProfileScalar => item.Read(node, context) is string only ? new List<string> { only } : null,
        _ => context.RefuseType(node, Wanted),
    };

    public override ProfileNode WriteOut(ProfileNode node, string folder) => node is ProfileList list
        ? new ProfileList([.. list.Items.Select(value => item.WriteOut(value, folder))], list.Origin)
        : new ProfileList([item.WriteOut(node, folder)], node.Origin);

    public override JsonObject Schema() => new()
    {
        ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "array", ["items"] = item.Schema() }, item.Schema()),
    };

    public override JsonNode? Spell(object value) =>
        value is IReadOnlyList<string> { Count: > 0 } texts ? new JsonArray([.. texts.Select(item.Spell)]) : null;
}
