using System.Reflection;
using System.Text.Json.Nodes;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Profiles;

/// <summary>A map that becomes a record: a key for each property with an <see cref="OptionAttribute"/>.</summary>
internal sealed class RecordKind(Type type, string title, Func<PropertyInfo, OptionAttribute, ValueKind> kindOf)
    : MapKind(title, KeysOf(type, kindOf), OpenKey(type, kindOf))
{
    private readonly Dictionary<string, PropertyInfo> _properties =
        Declared(type).ToDictionary(option => Key(option.Property), option => option.Property);

    private readonly PropertyInfo? _open = Options(type).FirstOrDefault(option => option.Option.Open is not null).Property;

    /// <summary>The record when nothing is said.</summary>
    public object Defaults() => Activator.CreateInstance(type)!;

    /// <summary>The key whose value may stand for the whole map, if there is one.</summary>
    public MapKey? Main => Keys.FirstOrDefault(key => key.IsMain);

    /// <summary>The map that a bare value stands for; anything else as it is.</summary>
    public ProfileNode Expand(ProfileNode node) => node is ProfileScalar && Main is { } main
        ? new ProfileMap([new ProfileEntry(main.Name, node.Origin, node)], node.Origin)
        : node;

    protected override object Complete(IReadOnlyDictionary<string, object> values, ProfileMap map)
    {
        var record = Defaults();
        foreach (var (key, value) in values.Where(pair => _properties.ContainsKey(pair.Key)))
            _properties[key].SetValue(record, value);
        _open?.SetValue(record, map.Entries.Where(entry => values.ContainsKey(entry.Key) && !_properties.ContainsKey(entry.Key))
            .Select(entry => new NamedNumber(entry.Key, (long)values[entry.Key], entry.KeyLocation)).ToList());
        if (record is ILocated)
            type.GetProperty(nameof(ILocated.Location))!.SetValue(record, map.Location);
        return record;
    }

    /// <summary>A record that is there even when nothing is said of it: an empty map, whose keys have defaults of their own.</summary>
    public override JsonNode Spell(object value) => new JsonObject();

    public static string Key(PropertyInfo property) => PassNames.ToKebabCase(property.Name);

    /// <summary>The declared options in the order of the source, a base record's last.</summary>
    public static IEnumerable<(PropertyInfo Property, OptionAttribute Option)> Options(Type type) =>
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        let option = property.GetCustomAttribute<OptionAttribute>()
        where option is not null
        select (property, option);

    private static IEnumerable<(PropertyInfo Property, OptionAttribute Option)> Declared(Type type) => Options(type).Where(option => option.Option.Open is null);

    private static MapKey? OpenKey(Type type, Func<PropertyInfo, OptionAttribute, ValueKind> kindOf) =>
        Options(type).FirstOrDefault(option => option.Option.Open is not null) is (var property, { } option)
            ? new MapKey(option.Open!, kindOf(property, option), option.Description) { Example = option.Example }
            : null;

    private static IReadOnlyList<MapKey> KeysOf(Type type, Func<PropertyInfo, OptionAttribute, ValueKind> kindOf)
    {
        var defaults = Activator.CreateInstance(type)!;
        return [.. Declared(type).Select(option => KeyOf(option.Property, option.Option, kindOf(option.Property, option.Option), defaults))];
    }

    private static MapKey KeyOf(PropertyInfo property, OptionAttribute option, ValueKind kind, object defaults) =>
        new(Key(property), kind, option.Description)
        {
            Default = property.GetValue(defaults) is { } value ? kind.Spell(value) : null,
            Example = option.Example,
            IsRequired = option.Required,
            Unless = option.RequiredUnless,
            IsMain = option.IsMain,
        };
}
