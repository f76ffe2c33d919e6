using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

/// <summary>Every option of the product, whoever declares it, is in the schema and in the reader, with a sensible description.</summary>
public sealed class DeclarationTests
{
    private static readonly JsonObject Root = (JsonObject)JsonNode.Parse(ProfileSchema.Text)!;

    private static IEnumerable<TestCaseData> Options => Keys(ProfileReader.Vocabulary.Root, Properties(Root), "")
        .Concat(ProfileReader.Vocabulary.Passes.Where(pass => pass.Options is not null)
            .SelectMany(pass => Keys(pass.Options!, PassProperties(pass.Name), pass.Name + ".")));

    [TestCaseSource(nameof(Options))]
    public void An_option_is_in_the_schema(string key, JsonObject? properties)
    {
        var schema = properties?[key] as JsonObject;
        Assert.That(schema, Is.Not.Null);
        Assert.That((string?)schema!["description"], Does.Match(@"^[A-Z0-9].+[.)]$"));
    }

    [Test]
    public void Every_pass_is_in_the_schema_by_name_and_with_options()
    {
        foreach (var pass in ProfileReader.Vocabulary.Passes)
        {
            // The bare name won't do where an option is required.
            var isNamed = Entries().Any(entry => entry["enum"] is JsonArray { Count: 1 } only && (string?)only[0] == pass.Name);
            Assert.That(isNamed, Is.EqualTo(pass.Options?.Keys.Any(key => key.IsRequired) is not true), pass.Name);
            Assert.That(WithOptions()[pass.Name], Is.Not.Null);
        }
    }

    [Test]
    public void Every_example_and_default_is_a_valid_value()
    {
        var sink = new DiagnosticBag();
        foreach (var record in ProfileReader.Vocabulary.Passes.Select(pass => pass.Options).Append(ProfileReader.Vocabulary.Root).OfType<RecordKind>())
            Read(record, sink);
        Assert.That(sink.Diagnostics.Select(diagnostic => diagnostic.ToString()), Is.Empty);
    }

    [Test]
    public void The_schema_is_a_closed_draft_07_schema_of_no_particular_host()
    {
        Assert.That((string?)Root["$schema"], Is.EqualTo("http://json-schema.org/draft-07/schema#"));
        Assert.That((bool?)Root["additionalProperties"], Is.False);
        Assert.That(Root["required"]!.ToJsonString(), Is.EqualTo("""["version"]"""));
        Assert.That(Root.ContainsKey("$id"), Is.False);
    }

    private static void Read(MapKind map, DiagnosticBag sink)
    {
        foreach (var key in map.Keys)
        {
            if (key.Example is { } example)
                key.Kind.Read(Tree(example), new ReadContext(sink, KeyPath.Root.Key(key.Name)));
            if (key.Default is { } value)
                key.Kind.Read(DefaultTree.Of(value), new ReadContext(sink, KeyPath.Root.Key(key.Name)));
            if (key.Kind is MapKind inner)
                Read(inner, sink);
        }
    }

    private static ProfileNode Tree(string yaml)
    {
        var bag = new DiagnosticBag();
        var tree = YamlTreeReader.Read(new ProfileSource("example", $"value: {yaml}"), new Variables(new Dictionary<string, string>()), bag);
        Assert.That(bag.Diagnostics, Is.Empty);
        return tree!.Entries[0].Value;
    }

    private static IEnumerable<TestCaseData> Keys(MapKind map, JsonObject? properties, string path) => map.Keys.SelectMany(key =>
        (key.Kind is MapKind inner ? Keys(inner, Properties(properties?[key.Name]), $"{path}{key.Name}.") : [])
            .Prepend(new TestCaseData(key.Name, properties).SetArgDisplayNames(path + key.Name)));

    private static JsonObject? Properties(JsonNode? schema) => schema?["properties"] as JsonObject;

    private static IEnumerable<JsonObject> Entries() => Root["properties"]!["passes"]!["items"]!["anyOf"]!.AsArray().OfType<JsonObject>();

    private static JsonObject WithOptions() => (JsonObject)Entries().Single(entry => (string?)entry["type"] == "object")["properties"]!;

    private static JsonObject? PassProperties(string name) => Properties(WithOptions()[name]?["anyOf"]?[0]);
}
