using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ExtendsTests : IDisposable
{
    private readonly ProfileFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Maps_merge_and_lists_replace()
    {
        _folder.Write("base.yaml", """
            version: 1
            passes: [simplify, quantize-dynamic]
            budget: { size: 1 MiB, top-1: { min: 90%, max-drop: 1% } }
            embed: { class: Base, compression: brotli }
            """);
        var profile = Extend("""
            version: 1
            extends: ./base.yaml
            passes: [convert-float16]
            budget: { top-1: { min: 95% }, sqnr: 30 }
            embed: { class: Mine }
            """);
        Assert.That(profile.Passes.Select(pass => pass.Name), Is.EqualTo(new[] { "convert-float16" }));
        Assert.That(profile.Budget.Select(limit => (limit.Metric, limit.Min, limit.Max, limit.MaxDrop)), Is.EqualTo(new (string, double?, double?, double?)[]
        {
            ("size", null, 1 << 20, null),
            ("top-1", 0.95, null, 0.01),
            ("sqnr", 30, null, null),
        }));
        Assert.That(profile.Embed.Class, Is.EqualTo("Mine"));
        Assert.That(profile.Embed.Compression, Is.EqualTo(EmbedCompression.Brotli));
        Assert.That(profile.Budget[0].Location.File, Is.EqualTo(_folder["base.yaml"]));
        Assert.That(profile.Budget[1].Location.File, Is.EqualTo(_folder["p.yaml"]));
    }

    [Test]
    public void Of_several_the_later_wins_and_a_shared_base_is_one_file()
    {
        _folder.Write("root.yaml", "version: 1\nembed: { class: Root, namespace: Root }\n");
        _folder.Write("a.yaml", "version: 1\nextends: root.yaml\nembed: { class: A, as: content }\n");
        _folder.Write("b.yaml", "version: 1\nextends: root.yaml\nembed: { class: B }\n");
        var profile = Extend("version: 1\nextends: [a.yaml, b.yaml]\n");
        Assert.That((profile.Embed.Class, profile.Embed.As), Is.EqualTo(("B", EmbedAs.Content)));
        Assert.That(profile.Files, Is.EqualTo(new[] { _folder["p.yaml"], _folder["a.yaml"], _folder["root.yaml"], _folder["b.yaml"] }));
        Assert.That(profile.Extends, Is.EqualTo(new[] { "a.yaml", "b.yaml" }));
    }

    [Test]
    public void A_preset_is_extended_by_name_and_is_no_file()
    {
        var profile = Extend("version: 1\nextends: preset:weights-int4\nbudget: { size: 1 }\n");
        Assert.That(profile.Passes.Select(pass => pass.Name), Is.EqualTo(new[] { "simplify", "quantize-weights" }));
        Assert.That(profile.Passes[0].Location, Has.Property("File").EqualTo(_folder["p.yaml"]).And.Property("Line").EqualTo(2).And.Property("Column").EqualTo(10));
        Assert.That(profile.Files, Is.EqualTo(new[] { _folder["p.yaml"] }));
    }

    [Test]
    public void Paths_are_relative_to_the_file_that_says_them()
    {
        _folder.Write("shared/base.yaml", "version: 1\nevaluate: { data: data/*.npz }\n");
        var profile = Extend("version: 1\nextends: shared/base.yaml\nmodel: m.onnx\n");
        Assert.That(profile.Evaluate!.Data, Is.EqualTo(new[] { _folder["shared/data/*.npz"] }));
        Assert.That(profile.Model, Is.EqualTo(_folder["m.onnx"]));
    }

    [Test]
    public void Mistakes_in_what_is_extended_are_told_there()
    {
        _folder.Write("base.yaml", "version: 1\nembed:\n  as: box\n");
        Assert.That(Mistakes("version: 1\nextends: base.yaml\nmodle: x\n"), Is.EqualTo(new[]
        {
            "base.yaml(3,7): error MO1015: embed.as: wants resource, content or none, not 'box'",
            "p.yaml(3,1): error MO1004: modle: unknown key 'modle'; did you mean 'model'?",
        }));
    }

    [Test]
    public void A_circle_names_every_place_in_it()
    {
        _folder.Write("a.yaml", "version: 1\nextends:\n  - b.yaml\n");
        _folder.Write("b.yaml", "version: 1\nmodel: m.onnx\nextends: ./x/../a.yaml\n");
        Assert.That(Mistakes("version: 1\nextends: a.yaml\n"), Is.EqualTo(new[]
        {
            "b.yaml(3,10): error MO1009: extends: the profiles extend each other in a circle: a.yaml(3,5) extends b.yaml, b.yaml(3,10) extends a.yaml",
        }));
    }

    [Test]
    public void A_profile_that_extends_itself_is_a_circle_too() =>
        Assert.That(Mistakes("version: 1\nextends: p.yaml\n"), Is.EqualTo(new[]
        {
            "p.yaml(2,10): error MO1009: extends: the profiles extend each other in a circle: p.yaml(2,10) extends p.yaml",
        }));

    [Test]
    public void A_missing_file_is_told_where_it_is_named()
    {
        _folder.Write("a.yaml", "version: 1\nextends: nowhere/b.yaml\n");
        Assert.That(Mistakes("version: 1\nextends: [a.yaml, cpu-int8]\n"), Is.EqualTo(new[]
        {
            "a.yaml(2,10): error MO1010: extends: nowhere/b.yaml does not exist; a.yaml(2,10) extends it",
            "p.yaml(2,19): error MO1010: extends[1]: cpu-int8 does not exist; p.yaml(2,19) extends it. Is 'preset:cpu-int8' meant?",
        }));
    }

    [Test]
    public void A_chain_without_end_is_cut()
    {
        for (var i = 0; i < 30; i++)
            _folder.Write($"{i}.yaml", $"version: 1\nextends: {i + 1}.yaml\n");
        Assert.That(Mistakes("version: 1\nextends: 0.yaml\n"), Is.EqualTo(new[]
        {
            "18.yaml(2,10): error MO1009: extends: more than 20 profiles extend one another; is this a circle?",
        }));
    }

    [TestCase("preset:cpu-int9", "p.yaml(2,10): error MO1008: extends: there is no preset 'cpu-int9'; did you mean 'cpu-int8'?")]
    [TestCase("preset:x", "p.yaml(2,10): error MO1008: extends: there is no preset 'x'; there are cpu-int8, cpu-int8-static, float16, weights-int4, weights-int8")]
    [TestCase("[a, 3]", "p.yaml(2,14): error MO1006: extends[1]: wants a text, not 3; put it in quotes if it is meant: \"3\"")]
    [TestCase("{ a: b }", "p.yaml(2,10): error MO1006: extends: wants a list; each item a text, not a map")]
    public void Extends_wants_presets_and_files(string extends, string mistake) =>
        Assert.That(Mistakes($"version: 1\nextends: {extends}\n"), Has.Member(mistake));

    [Test]
    public void Each_file_says_its_version()
    {
        _folder.Write("base.yaml", "embed: { class: Base }\n");
        _folder.Write("next.yaml", "version: 7\nfuture: 1\n");
        Assert.That(Mistakes("version: 1\nextends: [base.yaml, next.yaml]\n"), Is.EqualTo(new[]
        {
            "base.yaml(1,1): error MO1014: Version is missing; write 'version: 1' as the first line",
            "next.yaml(1,10): error MO1012: version: 7 is newer than this tool, which reads up to 1; update ModelOptimizer",
        }));
    }

    private OptimizationProfile Extend(string text)
    {
        _folder.Write("p.yaml", text);
        var (profile, mistakes) = _folder.Read("p.yaml");
        Assert.That(mistakes, Is.Empty);
        return profile!.Profile;
    }

    private IReadOnlyList<string> Mistakes(string text)
    {
        _folder.Write("p.yaml", text);
        return _folder.Read("p.yaml").Mistakes;
    }
}
