using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.OnnxRuntime.Tests;

public sealed class OnnxRuntimeEngineTests
{
    private readonly OnnxRuntimeEngine _engine = new();

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Opens_every_real_model_and_tells_its_signature(string path)
    {
        var model = OnnxModel.Load(path);
        using var session = _engine.Open(model, new SessionSettings());

        Assert.That(session.Outputs.Select(output => output.Name), Is.EqualTo(model.Graph.Outputs.Select(output => output.Name)));
        Assert.That(session.Inputs, Is.Not.Empty);
        Assert.That(session.Inputs.Select(input => input.Type), Has.None.Null);
    }

    [Test]
    public void Runs_a_model_on_data()
    {
        var model = OnnxModel.Load(SharedModels.Require("mnist-pytorch.onnx"));
        using var session = _engine.Open(model, new SessionSettings());
        var digit = Tensor.Create([1, 1, 28, 28], new float[28 * 28]);

        var output = session.Run(new Dictionary<string, Tensor> { [session.Inputs[0].Name] = digit })[0]!;

        Assert.That(output.Dimensions, Is.EqualTo(new long[] { 1, 10 }));
        // The model ends in LogSoftmax: probabilities add up to one.
        Assert.That(output.AsSpan<float>().ToArray().Sum(x => Math.Exp(x)), Is.EqualTo(1).Within(1e-5));
    }

    [Test]
    public void A_refused_run_tells_the_reason_without_source_paths()
    {
        var model = OnnxModel.Load(SharedModels.Require("mnist-pytorch.onnx"));
        using var session = _engine.Open(model, new SessionSettings());
        var wrong = Tensor.Create([1, 1, 2, 2], new float[4]);

        var refusal = Assert.Throws<InferenceException>(
            () => session.Run(new Dictionary<string, Tensor> { [session.Inputs[0].Name] = wrong }))!;

        Assert.That(refusal.Message, Does.Contain("Got: 2 Expected: 28").And.Not.Contain(".cc"));
    }
}
