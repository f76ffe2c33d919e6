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

    /// <summary>With outputs of 3 · 2^17 elements two are less than the 2^20 that are enough.</summary>
    [Test]
    public void Samples_are_no_fewer_than_are_enough() =>
        Assert.That(Meter(Model(3 << 16, 1, 1), samples: 32).Meter.Deciding, Has.Count.EqualTo(3));

    /// <summary>The one in the middle, which tells how many there may be, is shorter than the others.</summary>
    [TestCase(0.1, 1)]
    [TestCase(1.5, 2)]
    [TestCase(2.5, 3)]
    public void Samples_of_any_length_are_kept_as_far_as_memory_allows(double longSamples, int kept)
    {
        const int rows = 100, width = 64;
        var g = new GraphBuilder();
        var weight = g.Weight("w", Tensor.Create([1, width], Weights.Random(width)));
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 1, Dimension.Unknown, 1), weight));
        var model = g.Build();
        string[] data = [.. new[] { rows, 1, rows }.Select((count, i) =>
            _folder.WriteNpz($"{i}.npz", ("x", DataFolder.Floats($"(1, {count}, 1)", Weights.Random(count)))))];
        var split = new SampleSplit(new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = data }), model);

        var meter = new OutputMeter(PassContexts.Engine, model, split, (long)(longSamples * sizeof(float) * rows * (1 + width)));

        Assert.That((meter.Deciding.Count, meter.Judging.Count), Is.EqualTo((kept, kept)));
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
