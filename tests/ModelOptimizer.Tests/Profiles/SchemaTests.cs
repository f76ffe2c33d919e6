using System.Text.Json.Nodes;
using CsCheck;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;
using NJsonSchema;

namespace ModelOptimizer.Tests.Profiles;

/// <summary>Schema and reader are made from the same declarations; here they are held against each other from outside.</summary>
public sealed class SchemaTests
{
    private static readonly JsonSchema Schema = JsonSchema.FromJsonAsync(ProfileSchema.Build(FakePasses.Vocabulary).ToJsonString()).Result;

    [Test]
    public void The_complete_profile_is_valid_for_both()
    {
        var text = RandomProfiles.Complete().ToJsonString();
        Assert.That(Schema.Validate(text), Is.Empty);
        Assert.That(StructuralMistakes(text), Is.Empty);
    }

    [Test]
    public void Both_judge_every_profile_alike()
    {
        var (valid, invalid) = (0, 0);
        RandomProfiles.Gen.Sample(profile =>
        {
            var isValid = Schema.Validate(profile.ToJsonString()).Count == 0;
            (valid, invalid) = isValid ? (valid + 1, invalid) : (valid, invalid + 1);
            return isValid == (StructuralMistakes(profile.ToJsonString()).Count == 0);
        }, iter: 400, seed: "0N0XIzNsQ0O2", threads: 1, print: Explain);
        Assert.That(valid, Is.GreaterThan(80));
        Assert.That(invalid, Is.GreaterThan(80));
    }

    private static string Explain(JsonObject profile)
    {
        var text = profile.ToJsonString();
        return $"{text}\nschema: {string.Join("; ", Schema.Validate(text))}\nreader: {string.Join("; ", StructuralMistakes(text))}";
    }

    [TestCase("""{"version":1,"model":"${msbuild:Model}"}""")]
    [TestCase("""{"version":1,"calibration":{"data":"d","samples":"${msbuild:Samples}"}}""")]
    [TestCase("""{"version":1,"embed":{"as":"${msbuild:As}"}}""")]
    public void A_variable_may_stand_for_any_scalar(string text) => Assert.That(Schema.Validate(text), Is.Empty);

    private static readonly string[] NotForSchemas = ["no bound is given", "min is above max", "calibration: data is missing"];

    /// <summary>What a schema could say, too: not that a bound is missing, or that two values contradict each other.</summary>
    private static IReadOnlyList<string> StructuralMistakes(string text)
    {
        var mistakes = new DiagnosticBag();
        if (YamlTreeReader.Read(new ProfileSource("p.yaml", text), new Variables(new Dictionary<string, string>()), mistakes) is { } tree
            && VersionRules.Check(tree, mistakes))
            FakePasses.Vocabulary.Root.Read(tree, new ReadContext(mistakes, KeyPath.Root));
        return [.. mistakes.Diagnostics.Select(mistake => mistake.ToString()).Where(mistake => !NotForSchemas.Any(mistake.Contains))];
    }
}
