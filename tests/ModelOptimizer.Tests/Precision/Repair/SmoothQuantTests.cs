using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Repair;

public sealed class SmoothQuantTests
{
    private const int Channels = 16;

    private static readonly TensorType s_rows = new(DataType.Float, new Shape([3, 4, Channels]));

    private static SmoothQuant Pass => new(new());

    [TestCaseSource(nameof(Rows))]
    public void Smooths_in_every_situation(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Rows() => StandardRows.Of(
        (g, x) => Product(g, Normalized(g, x)), s_rows, [17, 18, 21], (g, x) => Product(g, g.Op("LayerNormalization", x, g.Weight("gain", Gain()))));

    [Test]
    public void A_gain_behind_a_spelled_out_normalization_takes_the_factors()
    {
        var test = PassTester.Run(Pass, Model(g => g.Output("y", Product(g, g.Op("Mul", g.Op("Tanh", g.Input("x", s_rows)), g.Weight("gain", Gain()))))));

        var gain = test.Initializers.Single(value => value.Name == "gain").Constant!.AsSpan<float>().ToArray();
        Assert.That(gain.Max() / gain.Min(), Is.LessThan(100), "the gains were a factor of 300 apart");
    }

    [Test]
    public void Query_key_and_value_share_one_scale()
    {
        var test = PassTester.Run(Pass, Model(g =>
        {
            var x = Normalized(g, g.Input("x", s_rows));
            foreach (var name in (string[])["q", "k", "v"])
                g.Output($"{name}_out", g.Op("MatMul", x, g.Weight(name, Weight(name[0]))));
        }));

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(1));
    }

    [Test]
    public void The_weights_before_take_the_factors_where_there_is_no_gain()
    {
        var model = Model(g =>
        {
            var x = g.Input("x", s_rows);
            var up = g.Op("MatMul", x, g.Weight("up", Tensor.Create([Channels, Channels], [.. Weights.Random(Channels * Channels).Select((w, i) => w * Gain(i % Channels))])));
            g.Output("y", Product(g, g.Op("Mul", g.Op("Sigmoid", x), up)));
        });

        Assert.That(PassTester.Run(Pass, model).Log.Rewrites, Has.Count.EqualTo(1));
    }

    [Test]
    public void Smoothing_lessens_the_error_of_dynamic_quantization()
    {
        var model = Model(g => g.Output("y", Product(g, Normalized(g, g.Input("x", s_rows)))));
        var (plain, smoothed) = (model.Clone(), model.Clone());

        PassContexts.Run(plain, new QuantizeDynamic(new() { Prefer = Preference.Size }));
        PassContexts.Run(smoothed, Pass, new QuantizeDynamic(new() { Prefer = Preference.Size }));

        Assert.That(Distance.Between(model, smoothed), Is.LessThan(Distance.Between(model, plain) / 2));
    }

    [Test]
    public void Refuses_an_activation_that_a_residual_reads_too() =>
        PassTester.Run(Pass, Model(g =>
        {
            var x = Normalized(g, g.Input("x", s_rows));
            g.Output("y", g.Op("Add", g.Op("MatMul", x, g.Weight("w", Square())), x));
        })).Refuses("reads '");

    [Test]
    public void Refuses_where_nothing_is_gained() =>
        PassTester.Run(Pass, Model(g => g.Output("y", g.Op("MatMul", g.Op("Mul", g.Op("Sign", g.Input("x", s_rows)), g.Weight("gain", Even())), g.Weight("w", Signs()))))).Refuses("smoothing would leave");

    [Test]
    public void Refuses_gelu_which_is_not_homogeneous() =>
        PassTester.Run(Pass, Model(g => g.Output("y", Product(g, g.Op("com.microsoft.Gelu", g.Op("MatMul", g.Input("x", s_rows), g.Weight("first", Square()))))))).Refuses("Gelu before it");

    [Test]
    public void Without_data_it_says_what_to_add()
    {
        var model = Model(g => g.Output("y", Product(g, Normalized(g, g.Input("x", s_rows)))));
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag());

        Assert.That(() => PassRunner.Run(context, Pass), Throws.TypeOf<DiagnosticException>().With.Message.Contains("calibration: { data: … }"));
    }

    [Test]
    public void A_given_alpha_is_taken() =>
        Assert.That(PassTester.Run(new SmoothQuant(new() { Alpha = new Ratio(0.5) }), Model(g => g.Output("y", Product(g, Normalized(g, g.Input("x", s_rows)))))).Log.Rewrites[0].What,
            Does.StartWith("smooth by alpha 0.5,"));

    /// <summary>Ranges of channels are all that it needs, so that a build without the data makes the same weights.</summary>
    [Test]
    public void A_given_alpha_goes_by_a_ranges_file()
    {
        using var folder = new DataFolder();
        var model = Model(g => g.Output("y", Product(g, Normalized(g, g.Input("x", s_rows)))));
        var (withData, withRanges) = (model.Clone(), model.Clone());
        using (var calibration = new SampleCalibration(model))
        {
            Smooth(withData, calibration.Data, new Ratio(0.5));
            calibration.Data.ToFile()!.Write(folder["model.ranges.json"]);
        }
        var ranges = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Ranges = folder["model.ranges.json"] });

        var log = Smooth(withRanges, ranges, new Ratio(0.5));

        Assert.That(log.Rewrites.Single().What, Is.EqualTo("smooth by alpha 0.5 the input of"));
        Assert.That(ModelWriter.ToBytes(withRanges), Is.EqualTo(ModelWriter.ToBytes(withData)));
        Assert.That(() => Smooth(model, ranges, null), Throws.TypeOf<DiagnosticException>().With.Message.Contains("MO4027"));

        static RewriteLog Smooth(OnnxModel model, CalibrationData data, Ratio? alpha)
        {
            var log = new RewriteLog();
            PassRunner.Run(new PassContext(model, log, PassContexts.Engine, new DiagnosticBag()) { Calibration = data }, new SmoothQuant(new() { Alpha = alpha }));
            return log;
        }
    }

    /// <summary>Ranges need all of it; what the log tells of the error does not.</summary>
    [Test]
    public void A_given_alpha_takes_one_run_over_the_data()
    {
        using var folder = new DataFolder();
        var row = new TensorType(DataType.Float, new Shape([1, Channels]));
        var model = Model(g => g.Output("y", Product(g, Normalized(g, g.Input("x", row)))));
        var (random, runs, log) = (new Random(1), new Runs(), new RewriteLog());
        var data = Calibrations.WriteLines(folder, Enumerable.Range(0, 40).Select(_ => $$"""
            {"x": [[{{string.Join(", ", Enumerable.Range(0, Channels).Select(_ => random.Next(-9, 9)))}}]]}
            """));
        var calibration = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [data] }) { Progress = runs };

        PassRunner.Run(new PassContext(model, log, PassContexts.Engine, new DiagnosticBag()) { Calibration = calibration },
            new SmoothQuant(new() { Alpha = new Ratio(0.5) }));

        Assert.That(log.Rewrites.Single().What, Does.Contain("% of the error"));
        Assert.That(runs.Count, Is.EqualTo(1));
    }

    private sealed class Runs : IProgress<string>
    {
        public int Count { get; private set; }

        public void Report(string value) => Count++;
    }

    [Test]
    public void A_given_alpha_is_taken_even_where_the_error_grows()
    {
        // All but one channel have small weights, and that one has the large activations: making the weights even makes all rounding count.
        var weight = Tensor.Create([Channels, 4], [.. Weights.Random(Channels * 4).Select((w, i) => i / 4 == 3 ? w : w / 100)]);
        var model = Model(g => g.Output("y", g.Op("MatMul", Normalized(g, g.Input("x", s_rows)), g.Weight("w", weight))));

        var test = PassTester.Run(new SmoothQuant(new() { Alpha = new Ratio(0) }), model);

        Assert.That(test.Log.Rewrites.Single().What, Does.Match("smooth by alpha 0, which leaves [1-9][0-9]{2,}% of the error"));
    }

    [Test]
    public void Where_there_was_no_error_the_log_says_so()
    {
        // 0 or 255 with a step of 1, and weights of one magnitude.
        var gain = Tensor.Create([Channels], [.. Enumerable.Range(0, Channels).Select(i => i == 0 ? 255f : 1f)]);
        var model = Model(g => g.Output("y",
            g.Op("MatMul", g.Op("Mul", g.Op("Abs", g.Op("Sign", g.Input("x", s_rows))), g.Weight("gain", gain)), g.Weight("w", Signs()))));

        var test = PassTester.Run(new SmoothQuant(new() { Alpha = new Ratio(0.5) }), model);

        Assert.That(test.Log.Rewrites.Single().What, Does.Contain("which brings an error where there was none"));
    }

    [Test]
    public void Branches_that_share_a_weight_get_one_choice_of_factors()
    {
        var test = PassTester.Run(Pass, Model(g =>
        {
            g.Output("y", Product(g, Normalized(g, g.Input("x", s_rows))));
            g.Output("z", Product(g, g.Op("LayerNormalization", g.Input("x2", s_rows), g.Weight("gain2", Gain()))));
        }));

        Assert.That(test.Log.Rewrites, Has.Count.EqualTo(2));
        Assert.That(test.Initializers.Count(value => value.Constant!.Dimensions.Length == 2), Is.EqualTo(1));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void A_branch_that_no_data_takes_follows_one_that_shares_its_weight(bool isFirst)
    {
        var g = new GraphBuilder();
        var (x, weight) = (g.Input("x", s_rows), g.Weight("w", Weight(7)));
        var isNever = g.Op("Less", g.Op("ReduceMax", [x], ("keepdims", 0)), g.Constant(Tensor.Create([], -1e6f)));
        Value[] Branch(GraphBuilder body, string gain) => [body.Op("MatMul", body.Op("LayerNormalization", x, body.Weight(gain, Gain())), weight)];
        var condition = isFirst ? isNever : g.Op("Not", isNever);
        g.Output("y", g.If(condition, then => Branch(then, "gain1"), otherwise => Branch(otherwise, "gain2")).Output());

        var log = PassTester.Run(new SmoothQuant(new() { Alpha = new Ratio(0.5) }), g.Build()).Log;

        Assert.That(log.Rewrites, Has.Count.EqualTo(2), string.Join('\n', log.Refusals));
    }

    [Test]
    public void Branches_that_no_data_takes_are_both_named()
    {
        var g = new GraphBuilder();
        var (x, weight) = (g.Input("x", s_rows), g.Weight("w", Weight(7)));
        var isNever = g.Op("Less", g.Op("ReduceMax", [x], ("keepdims", 0)), g.Constant(Tensor.Create([], -1e6f)));
        Value Normalized(GraphBuilder body, string name) =>
            body.Op("MatMul", body.Op("LayerNormalization", body.Op("Abs", x), body.Weight($"gain {name}", Gain())), weight);
        g.Output("y", g.If(isNever, then => [then.Op("Add", Normalized(then, "a"), Normalized(then, "b"))],
            otherwise => [otherwise.Op("MatMul", x, otherwise.Weight("other", Weight(8)))]).Output());

        var log = PassTester.Run(new SmoothQuant(new() { Alpha = new Ratio(0.5) }), g.Build()).Log;

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.Matches("the calibration data shows no finite row of '[^']+' or '[^']+'$"));
    }

    [Test]
    public void Refuses_a_weight_that_a_second_branch_can_not_scale() =>
        PassTester.Run(Pass, Model(g =>
        {
            g.Output("y", Product(g, Normalized(g, g.Input("x", s_rows))));
            g.Output("z", Product(g, g.Input("x2", s_rows)));
        })).Refuses("share the weight 'w'");

    [TestCase("w")]
    [TestCase("gain")]
    public void Refuses_what_the_profile_excludes_on_either_side(string excluded) =>
        PassTester.Run(new SmoothQuant(new() { Exclude = [excluded] }), Model(g => g.Output("y", Product(g, Normalized(g, g.Input("x", s_rows))))))
            .Refuses($"exclude has '{excluded}'");

    [Test]
    public void The_sample_does_not_depend_on_the_order_of_rows()
    {
        var rows = Enumerable.Range(0, 100).Select(i => Tensor.Create([1, 5], Weights.Random(5, i))).ToList();
        var (forwards, backwards, merged) = (new RowSample(10), new RowSample(10), new RowSample(10));
        rows.ForEach(forwards.Observe);
        Enumerable.Reverse(rows).ToList().ForEach(backwards.Observe);
        foreach (var row in rows)
        {
            var one = new RowSample(10);
            one.Observe(row);
            merged.Merge(one);
        }

        Assert.That(backwards.Rows, Is.EqualTo(forwards.Rows));
        Assert.That(merged.Rows, Is.EqualTo(forwards.Rows));
        Assert.That(merged.High, Is.EqualTo(forwards.High));
    }

    private static OnnxModel Model(Action<GraphBuilder> build)
    {
        var g = new GraphBuilder();
        build(g);
        return g.Build();
    }

    private static Value Normalized(GraphBuilder g, Value x) => g.Op("LayerNormalization", x, g.Weight("gain", Gain()), g.Weight("bias", Tensor.Create([Channels], Weights.Random(Channels))));

    private static Value Product(GraphBuilder g, Value x) => g.Op("MatMul", x, g.Weight("w", Weight(7)));

    /// <summary>The large channel has small weights, as training makes them.</summary>
    private static Tensor Weight(int seed) => Tensor.Create([Channels, Channels * 4],
        [.. Weights.Random(Channels * Channels * 4, seed).Select((weight, i) => weight / Gain(i / (Channels * 4)))]);

    private static Tensor Gain() => Tensor.Create([Channels], [.. Enumerable.Range(0, Channels).Select(Gain)]);

    /// <summary>One channel far above all others.</summary>
    private static float Gain(int channel) => channel == 3 ? 300 : 1;

    private static Tensor Square() => Tensor.Create([Channels, Channels], Weights.Random(Channels * Channels));

    private static Tensor Signs() => Tensor.Create([Channels, 4], [.. Enumerable.Range(0, Channels * 4).Select(i => i % 3 == 0 ? -1f : 1f)]);

    private static Tensor Even() => Tensor.Create([Channels], [.. Enumerable.Repeat(1f, Channels)]);
}
