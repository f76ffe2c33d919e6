using ModelOptimizer.Caching;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Caching;

/// <summary>What makes one run another, and what doesn't.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RunIdentityTests : IDisposable
{
    private const string Profile = """
        version: 1
        calibration: { data: data.npz, samples: 8 }
        passes: [simplify, { quantize-static: { exclude: ["w1"] } }]
        evaluate: { data: data.npz, metrics: [sqnr] }
        budget: { size-ratio: 60% }
        embed: { class: One }
        """;

    private readonly CachedFolder _folder = new();

    public RunIdentityTests() => _folder.Profile(Profile);

    public void Dispose() => _folder.Dispose();

    [TestCase("samples: 8", "samples: 7")]
    [TestCase("simplify, ", "")]
    [TestCase("\"w1\"", "\"w2\"")]
    [TestCase("[sqnr]", "[sqnr, cosine-similarity]")]
    [TestCase("size-ratio: 60%", "size-ratio: 60%, latency-ratio: 90%", Description = "what is measured")]
    public void What_changes_the_result_or_its_measurement_changes_the_key(string what, string by) =>
        Assert.That(KeyWith(what, by), Is.Not.EqualTo(Key()));

    [TestCase("60%", "50%")]
    [TestCase("60%", "{ max: 60%, severity: warning }")]
    [TestCase("class: One", "class: Other, as: content")]
    [TestCase("version: 1", "# A comment\nversion: 1")]
    [TestCase("samples: 8 }", "samples: 8, memory: 1 GiB }", Description = "the default, in so many words")]
    public void What_is_of_the_day_leaves_the_key(string what, string by) => Assert.That(KeyWith(what, by), Is.EqualTo(Key()));

    [Test]
    public void Another_checkout_has_the_same_key()
    {
        using var other = new CachedFolder();
        other.Profile(Profile);
        File.SetLastWriteTimeUtc(other["data.npz"], DateTime.UtcNow.AddDays(-3));

        Assert.That(RunIdentity.Of(other.Request(), PassContexts.Engine)!.Key, Is.EqualTo(Key()));
    }

    [TestCase("model.onnx")]
    [TestCase("data.npz")]
    public void A_byte_of_a_file_changes_the_key(string file)
    {
        var before = Key();
        Append(file);

        Assert.That(Key(), Is.Not.EqualTo(before));
    }

    [Test]
    public void Names_of_models_and_data_count_since_results_tell_them()
    {
        File.Copy(_folder["model.onnx"], _folder["other.onnx"]);
        File.Copy(_folder["data.npz"], _folder["other.npz"]);
        string[] keys =
        [
            Key(),
            KeyOf(_folder.Request(model: "other.onnx")),
            KeyOf(_folder.Request("out/other.onnx")),
            KeyWith("calibration: { data: data.npz", "calibration: { data: other.npz"),
        ];

        Assert.That(keys, Is.Unique);
        Assert.That(KeyOf(_folder.Request("elsewhere/model.onnx")), Is.EqualTo(keys[0]));
    }

    [Test]
    public void External_data_counts()
    {
        ModelWriter.Save(OnnxModel.Load(_folder["model.onnx"]), _folder["large.onnx"], new SaveOptions { InlineLimit = 0 });
        var request = _folder.Request(model: "large.onnx");
        var before = KeyOf(request);
        var data = File.ReadAllBytes(_folder["large.onnx.data"]);
        data[5] ^= 1;
        File.WriteAllBytes(_folder["large.onnx.data"], data);

        Assert.That(KeyOf(request), Is.Not.EqualTo(before));
    }

    [Test]
    public void Pictures_their_labels_texts_and_tokenizers_count()
    {
        _folder.Profile("""
            version: 1
            calibration: { images: a.png, text: words.txt, tokenizer: vocab.json }
            passes: [simplify]
            evaluate: { images: a.png, labels: labels }
            """);
        string[] files = ["a.png", "words.txt", "vocab.json", "merges.txt", "labels.txt"];
        foreach (var file in files)
            _folder.Write(file, "1");
        var keys = new List<string> { Key() };
        foreach (var file in files)
        {
            Append(file);
            keys.Add(Key());
        }

        Assert.That(keys, Is.Unique);
    }

    [Test]
    public void Ranges_count()
    {
        _folder.Profile("version: 1\ncalibration: { ranges: r.json }\npasses: [quantize-static]\n");
        _folder.Write("r.json", "1");
        var before = Key();
        Append("r.json");

        Assert.That(Key(), Is.Not.EqualTo(before));
    }

    [Test]
    public void Another_runtime_has_another_key()
    {
        Assert.That(With("1.2"), Is.Not.EqualTo(With("1.3")));

        string With(string version) => RunIdentity.Of(_folder.Request(), new OtherEngine(version))!.Key;
    }

    [Test]
    public void A_run_that_is_going_to_fail_has_none()
    {
        File.Delete(_folder["data.npz"]);

        Assert.That(RunIdentity.Of(_folder.Request(), PassContexts.Engine), Is.Null);
    }

    [Test]
    public void The_runtime_names_itself_without_starting() =>
        Assert.That(PassContexts.Engine.Identity, Does.Match(@"^ONNX Runtime \S+ [0-9a-f-]{36}$"));

    private string KeyWith(string what, string by)
    {
        Assert.That(Profile, Does.Contain(what));
        _folder.Profile(Profile.Replace(what, by));
        var key = Key();
        _folder.Profile(Profile);
        return key;
    }

    private string Key() => KeyOf(_folder.Request());

    private static string KeyOf(OptimizationRequest request) => RunIdentity.Of(request, PassContexts.Engine)!.Key;

    private void Append(string file)
    {
        // Fields that a reader doesn't know don't harm a model.
        using var stream = File.Open(_folder[file], FileMode.Append);
        stream.Write([0xF8, 0x7F, 0x01]);
    }

    private sealed class OtherEngine(string version) : IInferenceEngine
    {
        public string Description => version;

        public bool CanHold(DataType type) => throw new NotSupportedException();

        public IInferenceSession Open(OnnxModel model, SessionSettings settings) => throw new NotSupportedException();

        public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings) => throw new NotSupportedException();

        public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level) => throw new NotSupportedException();
    }
}
