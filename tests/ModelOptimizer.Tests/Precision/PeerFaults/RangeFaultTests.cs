using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Precision.Static;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.PeerFaults.FaultPasses;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>Ranges that the peer finds wrongly or at too high a price, and numbers that leave the range of their type.</summary>
public sealed class RangeFaultTests
{
    /// <summary>Fault 3. There: entropy looks at a single threshold, which is that of min-max, for 7 times the time.</summary>
    [TestCase("entropy")]
    [TestCase("percentile")]
    [TestCase("mse")]
    public void Other_calibrators_differ_from_min_max_where_tails_are_long(string calibrator)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2048, 16), g.Weight("w", StaticModels.Matrix(16, 8))));
        // Many are small and few large, but none so far from the others that its error alone outweighs what clipping gains.
        const int Count = 2048 * 16;
        float[] values = [.. Enumerable.Range(0, Count).Select(i => (i % 2 == 0 ? 1 : -1) * MathF.Pow(-MathF.Log((i + 0.5f) / Count), 1.5f))];
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.Create([2048, 16], values) };

        var (minMax, other) = (Quantize("min-max"), Quantize(calibrator));

        Assert.That(other, Is.LessThan(minMax));

        float Quantize(string name)
        {
            var run = SmallRun.Of(g.Build(), new QuantizeStatic(new() { Prefer = Preference.Size, Calibrator = Calibrator.Find(name)! }), inputs);
            return run.Log.Values.Single(value => value.High > 1).Scale;
        }
    }

    /// <summary>Fault 4. There: histograms hold every value of every sample, 8.6 GB for a model of 4.75 MB and 16 pictures.</summary>
    [TestCase("min-max")]
    [TestCase("entropy")]
    [TestCase("percentile")]
    [TestCase("mse")]
    public void Calibrators_hold_no_sample(string calibrator)
    {
        const int Elements = 250_000;
        var observer = new RangeObserver(new RangeOptions { Calibrator = Calibrator.Find(calibrator)! });
        Show(observer, samples: 2);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        Show(observer, samples: 50);

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(10L * Elements * sizeof(float)), "50 samples have 50 MB");
        Assert.That(observer.Range, Is.Not.Null);

        static void Show(RangeObserver observer, int samples)
        {
            for (var i = 0; i < samples; i++)
                observer.Observe(Tensor.Create([Elements], [.. Enumerable.Range(0, Elements).Select(k => (k * 37 + i) % 1001 / 100f)]));
        }
    }

    /// <summary>Fault 5. There: each full batch of intermediates is thrown away, so that one sample decides, or none ("No data is collected").</summary>
    [Test]
    public void Slices_of_calibration_lose_no_sample([Values(16_000, 1 << 30)] long memory, [Values(0, 3, 7, 15)] int widest)
    {
        var g = new GraphBuilder();
        var value = g.Input("x", DataType.Float, "batch", 1000);
        for (var i = 0; i < 8; i++)
            value = g.Op("Add", value, g.Constant(Tensor.Create([], 1f)));
        g.Output("y", value);
        var model = g.Build();
        using var folder = new DataFolder();
        var rows = Enumerable.Range(0, 16).Select(i => string.Join(',', Enumerable.Range(0, 1000).Select(k => i == widest ? k - 500 : k % 2)));
        var data = Calibrations.WriteLines(folder, rows.Select(row => $"{{ \"x\": [{row}] }}"));

        var ranges = Calibrations.Of(data, memory).Ranges(model, Calibrations.MadeValues(model), new RangeOptions());

        Assert.That(ranges.Values, Is.EqualTo(Enumerable.Range(1, 8).Select(added => new ValueRange(-500 + added, 499 + added))));
    }

    /// <summary>Fault 8. There: the mask and the Add behind it get a scale of 1.3e36, and all scores become 0.</summary>
    [Test]
    public void Masks_of_the_lowest_float_leave_scores_alone([Values("static", "dynamic", "float16, computed")] string pass,
        [Values(float.MinValue, float.NegativeInfinity, -1e4f)] float masked, [Values] bool isConstant) =>
        Run(pass, Attention(masked, isConstant), weighs: false);

    /// <summary>Fault 8, which falls to −0.5 dB there with wide activations.</summary>
    [Test]
    public void Masks_leave_scores_alone_with_wide_activations()
    {
        var run = SmallRun.Of(Attention(float.MinValue, isConstant: true), new QuantizeStatic(new() { Prefer = Preference.Size, Activations = ActivationType.UInt16 }));

        Assert.That(run.Sqnr(), Is.GreaterThan(LeastSqnr("static")));
    }

    /// <summary>Fault 8, even where the operators that touch the mask are asked for.</summary>
    [TestCase(ActivationType.UInt8)]
    [TestCase(ActivationType.UInt16)]
    public void Scores_with_a_mask_stay_float_whoever_asks(ActivationType activations)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 4, 16);
        var mask = g.Initializer("mask", [1, 4, 4], [.. Enumerable.Range(0, 16).Select(i => i % 4 > i / 4 ? float.MinValue : 0)]);
        var keys = g.Op("MatMul", x, g.Weight("k", StaticModels.Matrix(16, 16)));
        var scores = g.Op("MatMul", x, g.Op("Transpose", [keys], ("perm", new long[] { 0, 2, 1 })));
        var masked = g.Op("Add", g.Op("Mul", scores, g.Constant(Tensor.Create([], 0.1f))), mask);
        g.Output("y", g.Op("MatMul", g.Op("Softmax", masked), x));

        var test = StaticModels.Quantize(g.Build(), new() { Operators = ["MatMul", "Add", "Mul"], Activations = activations });

        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.Exactly(2).Contains("enters a Softmax"), "Mul and Add");
        Assert.That(test.Log.Values.Select(value => value.Low), Is.All.GreaterThan(-1000f));
        Assert.That(test.Log.Nodes, Has.Count.EqualTo(3));
    }

    /// <summary>Fault 15. There: a variance of 9.8e7 is clamped to 65504, and the text detector falls to −1.1 dB with success.</summary>
    [Test]
    public void An_unfolded_BatchNormalization_with_a_huge_variance_survives_float16([Values] HalfForm form)
    {
        var g = new GraphBuilder();
        var conv = g.Op("Mul", StaticModels.Conv(g, g.Input("x", StaticModels.Picture)), g.Constant(Tensor.Create([], 1000f)));
        var normalized = g.Op("BatchNormalization", conv, Vector("scale", 1), Vector("shift", 0.5f), Vector("mean", 3), Vector("variance", 9.8e7f));
        g.Output("y", Dense(g, normalized));

        // By default so small a vector would stay float32, and nothing be tested.
        var run = SmallRun.Of(g.Build(), new ConvertFloat16(new() { Form = form, MinElements = 1 }));

        Assert.That(run.Log.Rewrites, Is.Not.Empty);
        Assert.That(run.Sqnr(), Is.GreaterThan(LeastSqnr("float16, computed")));
        Assert.That(run.SizeRatio, Is.LessThan(0.65));

        Value Vector(string name, float value) =>
            g.Initializer(name, [StaticModels.Channels], [.. Enumerable.Range(0, StaticModels.Channels).Select(i => value + i / 8f)]);
    }

    /// <summary>Attention over four positions, of which each sees itself and those before.</summary>
    private static OnnxModel Attention(float masked, bool isConstant)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 4, 16);
        var (q, k, v) = (Project("q"), Project("k"), Project("v"));
        var mask = g.Weight("mask", Tensor.Create([1, 4, 4], Enumerable.Range(0, 16).Select(i => i % 4 > i / 4 ? masked : 0f).ToArray()));
        // Computed from an input that nobody knows beforehand, else a constant.
        var isTrue = g.Op("Greater", g.Op("Abs", x.Graph.Insert(null, "ReduceSum", [x]).Output()), g.Constant(Tensor.Create([], -1f)));
        var added = isConstant ? mask : g.Op("Where", isTrue, mask, g.Constant(Tensor.Create([], 0f)));
        var scores = g.Op("Add", g.Op("MatMul", q, g.Op("Transpose", [k], ("perm", new long[] { 0, 2, 1 }))), added);
        g.Output("y", g.Op("MatMul", g.Op("Softmax", scores), v));
        return g.Build();

        Value Project(string name) => g.Op("MatMul", x, g.Initializer(name, [16, 16], [.. Weights.Random(256, seed: name[0]).Select(w => w / 32)]));
    }
}
