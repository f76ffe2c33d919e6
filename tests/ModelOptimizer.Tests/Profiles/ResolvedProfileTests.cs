using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ResolvedProfileTests : IDisposable
{
    private readonly ProfileFolder _folder = new();

    public ResolvedProfileTests()
    {
        _folder.Write("shared/base.yaml", "version: 1\nevaluate:\n  data: data/v.npz\nbudget:\n  size: 1 MiB\n");
        _folder.Write("p.yaml", """
            version: 1
            extends: [preset:weights-int4, shared/base.yaml]
            model: "a b: c.onnx"
            budget:
              top-1: { max-drop: 0.5% }
            """);
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Every_value_knows_its_origin()
    {
        var values = Resolve().Values.ToDictionary(value => value.Path, value => $"{value.Value} <- {value.Origin.Replace(_folder[""] + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)}");
        Assert.That(values["model"], Is.EqualTo("\"a b: c.onnx\" <- p.yaml(3)"));
        Assert.That(values["passes[0]"], Is.EqualTo("simplify <- preset:weights-int4"));
        Assert.That(values["passes[1].quantize-weights.bits"], Is.EqualTo("4 <- preset:weights-int4"));
        Assert.That(values["passes[1].quantize-weights.per-channel"], Is.EqualTo("true <- default"));
        Assert.That(values["evaluate.data[0]"], Is.EqualTo("shared/data/v.npz <- shared/base.yaml(3)"));
        Assert.That(values["budget.size.max"], Is.EqualTo("1 MiB <- shared/base.yaml(5)"));
        Assert.That(values["budget.size.severity"], Is.EqualTo("error <- default"));
        Assert.That(values["budget.top-1.max-drop"], Is.EqualTo("0.5% <- p.yaml(5)"));
        Assert.That(values["embed.as"], Is.EqualTo("resource <- default"));
    }

    [Test]
    public void Defaults_have_no_place_to_edit_and_other_values_have()
    {
        var values = Resolve().Values.ToDictionary(value => value.Path, value => value.Location);
        Assert.That(values["embed.as"], Is.Null);
        Assert.That(values["model"], Has.Property("Line").EqualTo(3));
        Assert.That(values["passes[1].quantize-weights.bits"], Has.Property("Line").EqualTo(2));
    }

    [Test]
    public void Written_as_YAML_it_reads_back_as_the_same_profile()
    {
        var resolved = Resolve();
        _folder.Write("q.yaml", resolved.ToYaml());
        var (again, mistakes) = _folder.Read("q.yaml");
        Assert.That(mistakes, Is.Empty);
        Assert.That(again!.Values.Select(value => (value.Path, value.Value)), Is.EqualTo(resolved.Values.Select(value => (value.Path, value.Value))));
    }

    [Test]
    public void The_YAML_is_made_for_reading()
    {
        _folder.Write("small.yaml", "version: 1\npasses: [simplify]\nbudget: { sqnr: 20 }\n");
        Assert.That(_folder.Read("small.yaml").Profile!.ToYaml().Replace(_folder[""] + Path.DirectorySeparatorChar, "", StringComparison.Ordinal), Is.EqualTo("""
            version: 1  # small.yaml(1)
            passes:
              - simplify  # small.yaml(2)
            budget:
              sqnr:
                min: 20  # small.yaml(3)
                severity: error  # default
            embed:
              as: resource  # default
              compression: none  # default
              dependency-injection: false  # default

            """.ReplaceLineEndings("\n")));
    }

    private ResolvedProfile Resolve()
    {
        var (profile, mistakes) = _folder.Read("p.yaml");
        Assert.That(mistakes, Is.Empty);
        return profile!;
    }
}
