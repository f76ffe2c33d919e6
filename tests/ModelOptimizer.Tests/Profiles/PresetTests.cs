using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

public sealed class PresetTests
{
    private static IEnumerable<string> Names => BuiltInPresets.Names;

    [Test]
    public void These_presets_come_with_the_product() =>
        Assert.That(Names, Is.EqualTo(new[] { "cpu-int8", "cpu-int8-static", "float16", "weights-int4", "weights-int8" }));

    [TestCaseSource(nameof(Names))]
    public void A_preset_is_a_profile_without_mistakes(string name)
    {
        var bag = new DiagnosticBag();
        var profile = ProfileReader.ReadPreset(name, bag);
        Assert.That(bag.Diagnostics.Select(diagnostic => diagnostic.ToString()), Is.Empty);
        Assert.That(profile!.Files, Is.Empty);
        foreach (var pass in profile.Passes)
            Assert.That(PassRegistry.Create(pass.Name, pass.Options).Name, Is.EqualTo(pass.Name));
    }

    [TestCaseSource(nameof(Names))]
    public void A_preset_opens_with_a_comment_that_says_what_it_is_for(string name) =>
        Assert.That(BuiltInPresets.Text(name), Does.Match(@"\A# [A-Z].+\.\nversion: 1\n"));

    [Test]
    public void An_unknown_preset_is_told_with_those_there_are()
    {
        var bag = new DiagnosticBag();
        Assert.That(ProfileReader.ReadPreset("int8", bag), Is.Null);
        Assert.That(bag.Diagnostics.Single().ToString(),
            Is.EqualTo("model-opt : error MO1008: There is no preset 'int8'; there are cpu-int8, cpu-int8-static, float16, weights-int4, weights-int8"));
    }
}
