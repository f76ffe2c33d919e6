using System.Collections;
using System.Text.Json.Nodes;

namespace ModelOptimizer.Profiles;

/// <summary>A list of texts, choices or maps. A single one may stand without the list's brackets.</summary>
/// <param name="item">What each item is.</param>
/// <param name="elementType">The type of what <paramref name="item"/> reads.</param>
internal sealed class ListKind(ValueKind item, Type elementType) : ValueKind
{
    public override string Wanted => $"a list; each item {item.Wanted}";

    public override object? Read(ProfileNode node, ReadContext context) => node switch
    {
        ProfileList list => Make(list.Items.Select((value, i) => item.Read(value, context.At(i)))),
        ProfileScalar => item.Read(node, context) is { } only ? Make([only]) : null,
        ProfileMap when item is MapKind => item.Read(node, context) is { } only ? Make([only]) : null,
        _ => context.RefuseType(node, Wanted),
    };

    private IList Make(IEnumerable<object?> values)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(elementType))!;
        foreach (var value in values.OfType<object>())
            list.Add(value);
        return list;
    }

    public override ProfileNode WriteOut(ProfileNode node, string folder) => node is ProfileList list
        ? new ProfileList([.. list.Items.Select(value => item.WriteOut(value, folder))], list.Origin)
        : new ProfileList([item.WriteOut(node, folder)], node.Origin);

    public override JsonObject Schema() => new()
    {
        ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "array", ["items"] = item.Schema() }, item.Schema()),
    };

    public override JsonNode? Spell(object value) =>
        value is IList { Count: > 0 } values ? new JsonArray([.. values.Cast<object>().Select(item.Spell)]) : null;
}
