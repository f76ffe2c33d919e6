using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>How far outputs are from those of the model itself.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OutputMeterTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>An output times 1.1 has a hundredth of noise.</summary>
    [Test]
    public void The_noise_is_the_mean_of_the_outputs()
    {
        var (meter, _) = Meter(Model(1, 1, 1), samples: 8);

        Assert.That(meter.Measure(Model(1, 1.1f, 1), meter.Judging), Is.EqualTo(0.01 / 2).Within(0.01).Percent);
        Assert.That(meter.Measure(Model(1, 1.1f, 1.2f), meter.Judging), Is.EqualTo((0.01 + 0.04) / 2).Within(0.01).Percent);
    }

    /// <summary>Large outputs make a few enough, and they are from all of the data.</summary>
    [Test]
    public void Of_large_outputs_a_few_samples_are_picked_evenly()
    {
        var (meter, first) = Meter(Model(1 << 17, 1, 1), samples: 32);

        var places = meter.Deciding.Select(reference => Array.IndexOf(first, reference.Sample.Inputs["x"].AsSpan<float>()[0])).ToList();
        Assert.That(places, Has.Count.EqualTo(4).And.Ordered);
        Assert.That(places[0], Is.InRange(2, 6));
        Assert.That(places[3], Is.InRange(26, 30));
    }

    private (OutputMeter Meter, float[] Inputs) Meter(OnnxModel model, int samples)
    {
        var inputs = Weights.Random(samples, 1);
        var path = _folder.WriteNpz("x.npz", ("x", DataFolder.Floats($"({samples}, 1)", inputs)));
        var data = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [path] });
        return (new OutputMeter(PassContexts.Engine, model, new SampleSplit(data, model)), inputs);
    }

    /// <summary>Two outputs [1, width], each the input times a factor.</summary>
    private static OnnxModel Model(int width, float one, float other)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 1);
        foreach (var (name, factor) in new[] { ("one", one), ("other", other) })
            g.Output(name, g.Op("MatMul", x, g.Weight($"w_{name}", Tensor.Create([1, width], Enumerable.Repeat(factor, width).ToArray()))));
        return g.Build();
    }
}
