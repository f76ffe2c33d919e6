using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Calibration;

public sealed class SliceTests
{
    [TestCase("ocr-rec.onnx", 8, "mse")]
    [TestCase("langid-bert.onnx", 24, "moving-average")]
    [TestCase("gpt2-past-toy.onnx", 8, "min-max")]
    [TestCase("silero-legacy.onnx", 8, "entropy")]
    public void Slices_and_threads_give_the_same_ranges_as_the_whole_graph_at_once(string file, int samples, string calibrator)
    {
        var path = SharedModels.Require(file);
        var model = OnnxModel.Load(path);
        var data = Path.ChangeExtension(path, ".calib.npz");
        var options = new RangeOptions { Calibrator = Calibrator.Find(calibrator)! };
        var values = Calibrations.MadeValues(model);

        var whole = Calibrations.Text(AtOnce(model, data, samples, values, options));
        var sliced = Calibrations.Text(Calibrations.Of(data, 1 << 20, threads: 3, samples).Ranges(model, values, options));

        Assert.That(sliced, Is.EqualTo(whole));
    }

    [Test]
    public void A_low_ceiling_cuts_the_graph_and_a_high_one_does_not()
    {
        var model = Chain(length: 10);
        using var wide = new Observation<RangeObserver>(PassContexts.Engine, model, Calibrations.MadeValues(model), _ => new RangeObserver(new RangeOptions()));
        using var narrow = new Observation<RangeObserver>(PassContexts.Engine, model, Calibrations.MadeValues(model), _ => new RangeObserver(new RangeOptions()));
        var samples = new[] { Calibrations.Sample(0, ("x", Tensor.Create([1, 1000], new float[1000]))) };

        wide.Run(samples, 1 << 20, threads: 1, default);
        narrow.Run(samples, 16_000, threads: 1, default);

        Assert.That(wide.Slices, Is.EqualTo(1));
        Assert.That(narrow.Slices, Is.InRange(4, 10));
        Assert.That(narrow.Peak.Bytes, Is.LessThanOrEqualTo(16_000));
    }

    [Test]
    public void A_larger_sample_is_sliced_anew_and_none_is_lost()
    {
        var model = Chain(length: 6);
        var samples = new[] { 10, 1000, 3, 2000, 1 }.Select((length, i) =>
            Calibrations.Sample(i, ("x", Tensor.Create([1, length], [.. Enumerable.Repeat((float)(10 - i), length)])))).ToList();
        using var observation = new Observation<Trace>(PassContexts.Engine, model, Calibrations.MadeValues(model), _ => new Trace());

        var (observers, count) = observation.Run(samples, 20_000, threads: 2, default);

        Assert.That(count, Is.EqualTo(5));
        Assert.That(observers.Values.Last().Text, Is.EqualTo("0: 1x10 16, 1: 1x1000 15, 2: 1x3 14, 3: 1x2000 13, 4: 1x1 12, "));
        Assert.That(observation.Slices, Is.GreaterThan(1));
    }

    [Test]
    public void Sizes_that_depend_on_the_data_are_measured()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n");
        var found = g.Op("NonZero", x);
        var real = g.Op("Cast", [found], ("to", 1L));
        g.Output("y", g.Op("Abs", g.Op("Abs", real)));
        var model = g.Build();
        var samples = Enumerable.Range(0, 6).Select(i => Calibrations.Sample(i, ("x", Tensor.Create([500], [.. Enumerable.Range(0, 500).Select(k => k < 80 * i ? 1f : 0f)])))).ToList();
        using var observation = new Observation<Trace>(PassContexts.Engine, model, [Calibrations.MadeValues(model)[^1]], _ => new Trace());

        var (observers, _) = observation.Run(samples, 6_000, threads: 2, default);

        Assert.That(observers.Values.Single().Text, Is.EqualTo("0: 1x0, 1: 1x80 0, 2: 1x160 0, 3: 1x240 0, 4: 1x320 0, 5: 1x400 0, "));
    }

    /// <summary>What is handed out to be measured lives until its slice ends.</summary>
    [Test]
    public void Values_of_sizes_that_depend_on_the_data_stay_below_the_ceiling()
    {
        var g = new GraphBuilder();
        var value = g.Op("Cast", [g.Op("NonZero", g.Input("x", DataType.Float, "n"))], ("to", 1L));
        for (var i = 0; i < 12; i++)
            value = g.Op(i % 2 == 0 ? "Neg" : "Abs", value);
        g.Output("y", value);
        var engine = new HoldingEngine();
        using var observation = new Observation<Trace>(engine, g.Build(), [value], _ => new Trace());

        observation.Run(Samples(), 40_000, threads: 1, default);

        Assert.That(observation.Slices, Is.GreaterThan(1));
        Assert.That(engine.MostHeld, Is.InRange(8_000, 40_000), "bytes");

        IEnumerable<Sample> Samples()
        {
            for (var i = 0; i < 3; i++)
            {
                // Before the first sample ran, nothing is known of its sizes.
                engine.MostHeld = 0;
                yield return Calibrations.Sample(i, ("x", Tensor.Create([1000], [.. Enumerable.Repeat(1f, 1000)])));
            }
        }
    }

    /// <summary>As in ALBERT, whose layers all have the same weights: each slice would hold them once more.</summary>
    [Test]
    public void Weights_that_slices_share_are_held_once()
    {
        const int Width = 256;
        var g = new GraphBuilder();
        var (value, weight) = (g.Input("x", DataType.Float, "n", Width), g.Weight("w", Tensor.Create([Width, Width], Weights.Random(Width * Width))));
        var own = g.Weight("own", Tensor.Create([Width, Width], Weights.Random(Width * Width, seed: 2)));
        for (var i = 0; i < 8; i++)
            value = g.Op("Tanh", g.Op("MatMul", value, i == 4 ? own : weight));
        g.Output("y", value);
        var (model, sample) = (g.Build(), Calibrations.Sample(0, ("x", Tensor.Create([4, Width], Weights.Random(4 * Width)))));

        var (whole, _) = Run(1 << 20);
        var (sliced, engine) = Run(16_000);

        Assert.That(engine.Outputs, Has.Count.GreaterThan(4), "slices");
        Assert.That(engine.Constants, Is.EqualTo(Width * Width * sizeof(float)), "only the one that a single slice reads");
        Assert.That(sliced, Is.EqualTo(whole));
        Assert.That(engine.Held, Is.Zero, "bytes that nobody disposed of");

        (string Text, HoldingEngine Engine) Run(long ceiling)
        {
            var engine = new HoldingEngine();
            using var observation = new Observation<RangeObserver>(engine, model, Calibrations.MadeValues(model), _ => new(new RangeOptions()));
            var (observers, _) = observation.Run([sample], ceiling, threads: 1, default);
            observation.Dispose();
            return (Calibrations.Text(observers.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Range!.Value))), engine);
        }
    }

    /// <summary>The runtime computes with them, but its binding has no tensors of these types to feed.</summary>
    [TestCase(DataType.Int4)]
    [TestCase(DataType.UInt4)]
    [TestCase(DataType.Float8E4M3FN)]
    [TestCase(DataType.Int8)]
    public void Codes_that_slices_share_are_calibrated_in_any_type(DataType type)
    {
        const int Width = 512;
        using var folder = new DataFolder();
        var data = Calibrations.WriteLines(folder, $"{{\"x\": [[{string.Join(", ", Enumerable.Range(0, Width).Select(i => i % 7 - 3))}]]}}");
        var model = SharingCodes(type, Width);
        var values = Calibrations.MadeValues(model).Where(value => value.Producer!.Is("Tanh")).ToList();
        var cut = Calibrations.Of(data, memory: 1 << 20);

        var sliced = Calibrations.Text(cut.Ranges(model, values, new RangeOptions()));

        using var observation = new Observation<RangeObserver>(PassContexts.Engine, model, values, _ => new(new RangeOptions()));
        observation.Run(cut.Samples(model), 1 << 20, threads: 1, default);
        Assert.That(observation.Slices, Is.GreaterThan(1));
        Assert.That(sliced, Is.EqualTo(Calibrations.Text(Calibrations.Of(data).Ranges(model, values, new RangeOptions()))));
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = cut };
        Assert.That(() => PassRunner.Run(context, new QuantizeStatic(new() { Prefer = Preference.Size })), Throws.Nothing);
    }

    [Test]
    public void Inputs_constants_and_outputs_can_be_observed()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 2);
        var w = g.Initializer("w", [2], 5, 7);
        var c = g.Constant(Tensor.Create([1], -3f));
        g.Output("y", g.Op("Add", g.Op("Mul", x, w), c));
        var model = g.Build();
        using var observation = new Observation<RangeObserver>(PassContexts.Engine, model, [x, w, c, model.Graph.Outputs[0].Value], _ => new RangeObserver(new RangeOptions()));

        var (observers, _) = observation.Run([Calibrations.Sample(0, ("x", Tensor.Create([1, 2], 1f, 2f)))], 1 << 20, threads: 1, default);

        Assert.That(observers.Values.Select(observer => observer.Range!.Value), Is.EqualTo(new[] { new ValueRange(1, 2), new(5, 7), new(-3, -3), new(2, 11) }));
    }

    [TestCase(1)]
    [TestCase(4)]
    public void The_first_sample_that_fails_is_blamed_on_any_number_of_threads(int threads)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, "n");
        g.Output("y", g.Op("Add", x, g.Initializer("w", [3], 1, 2, 3)));
        var model = g.Build();
        var samples = Enumerable.Range(0, 12).Select(i => Calibrations.Sample(i, ("x", Tensor.Create([i is 5 or 6 ? 4 : 3], new float[i is 5 or 6 ? 4 : 3]))));
        using var observation = new Observation<Trace>(PassContexts.Engine, model, Calibrations.MadeValues(model), _ => new Trace());

        var mistake = Assert.Throws<DiagnosticException>(() => observation.Run(samples, 1 << 20, threads, default))!;

        Assert.That(mistake.Diagnostics.Single().Message, Does.StartWith("The model fails on sample 5: "));
    }

    /// <summary>Ranges from one session that has all values as outputs, on one thread.</summary>
    private static List<KeyValuePair<Value, ValueRange>> AtOnce(OnnxModel model, string data, int samples, List<Value> values, RangeOptions options)
    {
        var probe = model.Clone(out var copies);
        foreach (var value in values)
            probe.Graph.AddOutput($"probe_{probe.Graph.Outputs.Count}", copies[value]!);
        using var session = PassContexts.Engine.Open(probe, new SessionSettings(Optimize: false));
        var observers = values.ToDictionary(value => value, _ => new RangeObserver(options));
        foreach (var sample in new DataSet([data], DataRequest.For(model) with { Limit = samples }).Read())
            foreach (var (value, tensor) in values.Zip(session.Run(sample.Inputs).TakeLast(values.Count)))
            {
                var own = new RangeObserver(options);
                own.Observe(tensor!, sample);
                observers[value].Merge(own);
            }
        return [.. observers.Where(pair => pair.Value.Range is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Range!.Value))];
    }

    /// <summary>The binding can't declare them as inputs and outputs either.</summary>
    [Test]
    public void Codes_of_4_bits_that_nodes_make_never_leave_their_slice()
    {
        const int Width = 512;
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var scale = g.Weight("scale", Tensor.Create([], 0.25f));
        var zero = g.Weight("zero", Tensor.Create(DataType.Int4, [], new byte[1]));
        var codes = g.Op("QuantizeLinear", g.Input("x", DataType.Float, Width, Width), scale, zero);
        var value = g.Op("Tanh", g.Op("DequantizeLinear", codes, scale));
        for (var i = 0; i < 3; i++)
            value = g.Op("Add", g.Op("Tanh", value), g.Op("DequantizeLinear", codes, scale));
        for (var i = 0; i < 3; i++)
            value = g.Op("Add", value, value);
        g.Output("y", value);
        var sample = Calibrations.Sample(0, ("x", Tensor.Create([Width, Width], Weights.Random(Width * Width))));
        var model = g.Build();

        using var observation = new Observation<RangeObserver>(PassContexts.Engine, model, [value], _ => new(new RangeOptions()));
        using var whole = PassContexts.Engine.Open(model, new SessionSettings(Optimize: false));

        var (observers, _) = observation.Run([sample], 1 << 20, threads: 1, default);

        var expected = whole.Run(sample.Inputs)[0]!.ToFloats();
        Assert.That(observation.Slices, Is.EqualTo(5), "one that ends with the codes' last reader, and one for each node behind it");
        Assert.That(observers.Values.Single().Range, Is.EqualTo(new ValueRange(expected.Min(), expected.Max())));
    }

    /// <summary>Products whose weights are all dequantized from the same codes, each by a node of its own.</summary>
    private static OnnxModel SharingCodes(DataType type, int width)
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var (value, scale) = (g.Input("x", DataType.Float, 1, width), g.Weight("scale", Tensor.Create([], 0.01f)));
        var codes = g.Weight("codes", Tensor.Create(type, [width, width],
            [.. Enumerable.Range(0, (int)type.ByteCount((long)width * width)).Select(i => (byte)(i * 37 % 113))]));
        for (var i = 0; i < 8; i++)
            value = g.Op("Tanh", g.Op("MatMul", value, g.Op("DequantizeLinear", codes, scale)));
        g.Output("y", value);
        return g.Build();
    }

    private static OnnxModel Chain(int length)
    {
        var g = new GraphBuilder();
        var value = g.Input("x", DataType.Float, "batch", "n");
        for (var i = 0; i < length; i++)
            value = g.Op("Add", value, g.Initializer($"one_{i}", [], 1));
        g.Output("y", value);
        return g.Build();
    }

    /// <summary>Depends on the order of samples.</summary>
    private sealed class Trace : ModelOptimizer.Calibration.IObserver<Trace>
    {
        public string Text { get; private set; } = "";

        public void Observe(Tensor value) => throw new NotSupportedException();

        public void Observe(Tensor value, Sample sample) =>
            Text += $"{sample.Index}: {string.Join('x', value.Dimensions)}{string.Concat(value.ToFloats().Take(1).Select(x => $" {x}"))}, ";

        public void Merge(Trace later) => Text += later.Text;
    }
}
