using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Evaluation;

/// <summary>Known figures of real models on real data, to the last sample.</summary>
[Category("Slow")]
public sealed class RealModelTests
{
    [TestCase("mnist-pytorch", 987, 1000)]
    [TestCase("mnist-cntk", 990, 1000)]
    [TestCase("langid-bert", 1317, 2000)]
    [TestCase("ocr-cls", 139, 150)]
    public void Top_1_is_the_known_one(string name, int right, int samples)
    {
        var measured = Measure(name, out var model, out _);

        Assert.That(measured.Samples, Is.EqualTo(samples));
        Assert.That(measured.Find("top-1")!.Original, Is.EqualTo((double)right / samples));
        Assert.That(measured.Find("top-1")!.Result, Is.EqualTo((double)right / samples));
        Assert.That(measured.Find("cosine-similarity")!.Result, Is.EqualTo(1).Within(1e-12));
        Assert.That(measured.Find("sqnr")!.Result, Is.EqualTo(double.PositiveInfinity));
        Assert.That(measured.Find("size")!.Original, Is.EqualTo(new FileInfo(model.Path!).Length));
    }

    [Test]
    public void Perplexity_is_the_known_one() =>
        Assert.That(Measure("manllama", out _, out _).Find("perplexity")!.Result, Is.EqualTo(9.527).Within(0.0005));

    [Test]
    public void A_batch_changes_speed_and_nothing_else()
    {
        var one = Measure("ocr-cls", out _, out _, batch: 1);
        var many = Measure("ocr-cls", out _, out _, batch: 40);

        Assert.That(many.Samples, Is.EqualTo(4));
        Assert.That(many.Find("top-1")!.Result, Is.EqualTo(one.Find("top-1")!.Result));
    }

    [TestCase("silero-v5")]
    [TestCase("silero-legacy")]
    [TestCase("gpt2-past-toy")]
    [TestCase("gpt2-greedy-toy")]
    [TestCase("bert-toy")]
    [TestCase("ocr-rec")]
    [TestCase("ocr-det-external", "ocr-det")]
    public void Stateful_and_external_models_run_without_loss_against_themselves(string name, string? data = null)
    {
        var measured = Measure(name, out _, out var diagnostics, data: data);

        Assert.That(diagnostics.HasErrors, Is.False);
        Assert.That(measured.Find("max-abs-error")?.Result ?? 0, Is.Zero);
        Assert.That(measured.Find("agreement")?.Result ?? 1, Is.EqualTo(1));
        Assert.That(measured.All.Any(m => m.Metric is "max-abs-error" or "agreement"));
    }

    private static Measurements Measure(string name, out OnnxModel model, out DiagnosticBag diagnostics, int batch = 1, string? data = null)
    {
        model = OnnxModel.Load(SharedModels.Require(name + ".onnx"));
        diagnostics = new DiagnosticBag();
        var settings = new EvaluateSettings { Data = [SharedModels.Require((data ?? name) + ".eval.npz")], Batch = batch };
        return new Evaluator(new OnnxRuntimeEngine(), diagnostics).Measure(model, model.Clone(), new EvaluationRequest { Settings = settings });
    }
}
