using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

public sealed class ProfileReaderTests
{
    [Test]
    public void Everything_that_can_be_said_is_read()
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", """
            version: 1
            model: Models/langid.onnx
            calibration:
              data: data/calibration.npz
              samples: 64
            passes:
              - simplify
              - quantize-weights: { bits: 4, block-size: 32, per-channel: false, memory: 25%, threshold: 2 KiB, search: 5 ms, rounding: toward-zero,
                  alpha: -0.5, seed: 9007199254740993, epsilon: 1, grid: { steps: 3 }, exclude: ["/head/*"], operators: MatMul, accuracy: { metric: top-1, max-drop: 0.5% } }
            evaluate:
              data: [data/a.npz, data/b.npz]
              labels: labels
              metrics: [top-1, sqnr]
              output: logits
              batch: 8
            budget:
              size: 2 MiB
              size-ratio: 30%
              top-1: { min: 97%, max-drop: 0.5% }
              sqnr: 30
              perplexity: { max-rise: 0.01 }
              latency-ratio: { max: 60% }
            embed: { as: content, compression: brotli, class: LanguageModel, namespace: MyApp.Models }
            """);
        var (resolved, mistakes) = folder.Read("p.yaml");
        Assert.That(mistakes, Is.Empty);
        var profile = resolved!.Profile;
        Assert.That(profile.Model, Is.EqualTo(folder["Models/langid.onnx"]));
        Assert.That(profile.Calibration!.Data, Is.EqualTo(new[] { folder["data/calibration.npz"] }));
        Assert.That(profile.Calibration.Samples, Is.EqualTo(64));
        Assert.That(profile.Passes.Select(pass => pass.Name), Is.EqualTo(new[] { "simplify", "quantize-weights" }));
        Assert.That(profile.Passes[0], Is.EqualTo(new PassSettings("simplify", null, new SourceLocation(folder["p.yaml"], 7, 5))));
        AssertOptions((QuantizeOptions)profile.Passes[1].Options!);
        Assert.That(profile.Evaluate!.Data, Is.EqualTo(new[] { folder["data/a.npz"], folder["data/b.npz"] }));
        Assert.That(profile.Evaluate with { Data = [], Metrics = [], Location = null },
            Is.EqualTo(new EvaluateSettings { Labels = "labels", Output = "logits", Batch = 8, Data = [], Metrics = [] }));
        Assert.That(profile.Evaluate.Location, Is.EqualTo(At(11)));
        Assert.That(profile.Evaluate.Metrics, Is.EqualTo(new[] { "top-1", "sqnr" }));
        Assert.That(profile.Budget, Is.EqualTo(new[]
        {
            new BudgetLimit("size", At(17)) { Max = 2 << 20 },
            new BudgetLimit("size-ratio", At(18)) { Max = 0.3 },
            new BudgetLimit("top-1", At(19)) { Min = 0.97, MaxDrop = 0.005 },
            new BudgetLimit("sqnr", At(20)) { Min = 30 },
            new BudgetLimit("perplexity", At(21)) { MaxRise = 0.01 },
            new BudgetLimit("latency-ratio", At(22)) { Max = 0.6, Severity = Severity.Warning },
        }));
        Assert.That(profile.Embed, Is.EqualTo(new EmbedSettings
        {
            As = EmbedAs.Content, Compression = EmbedCompression.Brotli, Class = "LanguageModel", Namespace = "MyApp.Models",
        }));
        Assert.That(profile.Files, Is.EqualTo(new[] { folder["p.yaml"] }));

        SourceLocation At(int line) => new(folder["p.yaml"], line, 3);
    }

    private static void AssertOptions(QuantizeOptions options)
    {
        Assert.That(options.Exclude, Is.EqualTo(new[] { "/head/*" }));
        Assert.That(options.Operators, Is.EqualTo(new[] { "MatMul" }));
        Assert.That(options.Accuracy!.Limit with { Location = new SourceLocation("") }, Is.EqualTo(new BudgetLimit("top-1", new SourceLocation("")) { MaxDrop = 0.005 }));
        Assert.That((options.Accuracy.Samples, options.Accuracy.Location!.Line), Is.EqualTo((AccuracyGoal.DefaultSamples, 9)));
        Assert.That(options.Accuracy.ToString(), Is.EqualTo("{ metric: top-1, max-drop: 0.5% }"));
        Assert.That(options with { Exclude = [], Operators = [], Include = [], ExcludeOperators = [], Accuracy = null }, Is.EqualTo(new QuantizeOptions
        {
            Bits = 4, BlockSize = 32, PerChannel = false, Memory = new Ratio(0.25), Threshold = new ByteSize(2048),
            Search = new Duration(TimeSpan.FromMilliseconds(5)), Rounding = RoundingMode.TowardZero, Alpha = -0.5, Seed = 9007199254740993,
            Epsilon = 1, Grid = new GridOptions { Steps = 3 }, Exclude = [], Operators = [], Include = [], ExcludeOperators = [],
        }));
    }

    [Test]
    public void What_is_not_said_has_its_default()
    {
        var profile = ProfileFolder.Profile("version: 1\npasses: [quantize-weights]\n");
        Assert.That(profile.Embed, Is.EqualTo(new EmbedSettings()));
        Assert.That(profile.Evaluate, Is.Null);
        Assert.That(profile.Passes[0].Options, Is.InstanceOf<QuantizeOptions>().With.Property("Bits").EqualTo(8));
    }

    [Test]
    public void Keys_of_the_users_own_are_read_with_their_places()
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", "version: 1\npasses:\n  - fix-dimensions:\n      batch: 1\n      others: false\n      \"input[1]\": 512\n");

        var (resolved, mistakes) = folder.Read("p.yaml");

        Assert.That(mistakes, Is.Empty);
        var options = (LengthOptions)resolved!.Profile.Passes[0].Options!;
        Assert.That(options.Lengths, Is.EqualTo(new[]
        {
            new NamedNumber("batch", 1, new SourceLocation(folder["p.yaml"], 4, 7)), new NamedNumber("input[1]", 512, new SourceLocation(folder["p.yaml"], 6, 7)),
        }));
        Assert.That(options.Others, Is.False);
        Assert.That(resolved.Values.Select(value => (value.Path, value.Value)), Does.Contain(("passes[0].fix-dimensions.batch", "1")));
    }

    [TestCase("- upgrade-opset: 21")]
    [TestCase("- upgrade-opset: { version: 21 }")]
    public void The_main_option_may_stand_directly_behind_the_name(string entry)
    {
        var profile = ProfileFolder.Profile($"version: 1\npasses:\n  {entry}\n");

        Assert.That(profile.Passes.Single().Options, Is.EqualTo(new UpgradeOptions { Version = 21 }));
    }

    [TestCase("- quantize-weights")]
    [TestCase("- quantize-weights:")]
    [TestCase("- quantize-weights: {}")]
    [TestCase("- { quantize-weights: }")]
    public void A_pass_without_options_may_be_written_in_several_ways(string entry) =>
        Assert.That(ProfileFolder.Profile($"version: 1\npasses:\n  {entry}\n").Passes[0].Options, Is.InstanceOf<QuantizeOptions>());

    [Test]
    public void A_preset_among_the_passes_stands_for_its_passes()
    {
        var profile = ProfileFolder.Profile("version: 1\npasses:\n  - weights-int4\n  - convert-float16\n");
        Assert.That(profile.Passes.Select(pass => pass.Name), Is.EqualTo(new[] { "simplify", "quantize-weights", "convert-float16" }));
        Assert.That(profile.Passes[1].Options, Has.Property("Bits").EqualTo(4));
        Assert.That(profile.Passes[1].Location.Line, Is.EqualTo(3));
    }

    [TestCase("size: 100", "Max", 100)]
    [TestCase("size: { max: 1 kB }", "Max", 1000)]
    [TestCase("top-5: 90%", "Min", 0.9)]
    [TestCase("agreement: 0.99", "Min", 0.99)]
    [TestCase("cosine-similarity: 99.9%", "Min", 0.999)]
    [TestCase("max-abs-error: 1e-3", "Max", 0.001)]
    [TestCase("compressed-size: { max-rise: 0% }", "MaxRise", 0)]
    public void A_limit_is_a_bare_number_or_a_map(string limit, string property, double value) =>
        Assert.That(ProfileFolder.Profile($"version: 1\nbudget: {{ {limit} }}\n").Budget[0], Has.Property(property).EqualTo(value));

    [Test]
    public void A_limit_may_only_warn() =>
        Assert.That(ProfileFolder.Profile("version: 1\nbudget:\n  size: { max: 1 MB, severity: warning }\n").Budget[0].Severity, Is.EqualTo(Severity.Warning));

    [Test]
    public void A_byte_order_mark_and_carriage_returns_do_no_harm()
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", "\uFEFFversion: 1\r\npasses:\r\n  - simplify\r\n");
        Assert.That(folder.Read("p.yaml").Mistakes, Is.Empty);
    }

    [Test]
    public void Anchors_aliases_and_merge_keys_work()
    {
        var profile = ProfileFolder.Profile("""
            version: 1
            passes:
              - quantize-weights: &common { bits: 4, alpha: 1 }
              - quantize-weights: { <<: *common, bits: 2 }
              - quantize-weights: { <<: [{ alpha: 0 }, *common] }
            """);
        var options = profile.Passes.Select(pass => (QuantizeOptions)pass.Options!).ToList();
        Assert.That(options.Select(option => option.Bits), Is.EqualTo(new[] { 4, 2, 4 }));
        Assert.That(options.Select(option => option.Alpha), Is.EqualTo(new[] { 1.0, 1.0, 0.0 }));
    }

    [Test]
    public void Variables_are_replaced_and_keep_their_type()
    {
        var profile = ProfileFolder.Profile("""
            version: 1
            embed: { namespace: "${msbuild:RootNamespace}.Models" }
            passes:
              - quantize-weights:
                  bits: ${msbuild:Bits}
                  exclude: ["$${literal}", "a${msbuild:Bits}b"]
              - quantize-weights: { bits: "${msbuild:Bits}" }
            """, ("RootNamespace", "MyApp"), ("Bits", "4"));
        Assert.That(profile.Embed.Namespace, Is.EqualTo("MyApp.Models"));
        Assert.That(profile.Passes[0].Options, Has.Property("Bits").EqualTo(4));
        Assert.That(profile.Passes[0].Options, Has.Property("Exclude").EqualTo(new[] { "${literal}", "a4b" }));
        Assert.That(profile.Passes[1].Options, Has.Property("Bits").EqualTo(4));
    }

    [Test]
    public void A_value_of_a_variable_is_never_YAML()
    {
        var profile = ProfileFolder.Profile("version: 1\nembed:\n  class: A\nevaluate: { labels: \"${msbuild:L}\", data: x }\n", ("L", "x }\nbudget: { size: 1"));
        Assert.That(profile.Evaluate!.Labels, Is.EqualTo("x }\nbudget: { size: 1"));
        Assert.That(profile.Budget, Is.Empty);
    }
}
