using System.Text.Json;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Forms of a quantized model, of which calibration samples choose one by the outputs.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RefineTests : IDisposable
{
    private const int Depth = 16;

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_correction_that_brings_the_outputs_closer_is_kept()
    {
        var data = Rows(16, _ => 1);

        var (plain, refined) = (Quantize(data, refine: false), Quantize(data));

        Assert.That(refined.Choice, Does.StartWith("biases corrected"));
        Assert.That(refined.Words.Single(), Does.Contain($"takes that with {refined.Choice}").And.Contain("compared 3 forms"));
        Assert.That(refined.Log.Rewrites.Select(rewrite => rewrite.What), Has.Some.StartsWith("correct the bias"));
        Assert.That(Noise(refined.Model, data), Is.LessThan(Noise(plain.Model, data) / 4));
    }

    /// <summary>Shifts are learned of every second sample, and what is true of those is wrong for the others.</summary>
    [Test]
    public void A_correction_that_only_its_own_samples_bear_out_is_dropped()
    {
        var data = Rows(64, sample => sample % 2 == 1 ? 1 : -1);

        var (plain, refined) = (Quantize(data, refine: false), Quantize(data));

        Assert.That(refined.Choice, Is.EqualTo(StaticForm.Plain.Name));
        Assert.That(refined.Words.Single(), Does.Contain("none is better for certain than the first"));
        Assert.That(refined.Bytes, Is.EqualTo(plain.Bytes));
    }

    /// <summary>Errors that cancel where all of a window is alike are larger ones where nothing is.</summary>
    [Test]
    public void Kernels_that_read_noise_are_rounded_to_nearest()
    {
        var data = Pictures(16);

        // With 16 bits kernels make all of the noise.
        var plain = Quantize(data, Convolution(), refine: false, activations: ActivationType.UInt16);
        var refined = Case("kernels rounded to nearest");

        Assert.That(refined.Choice, Does.StartWith("kernels rounded to nearest"));
        Assert.That(refined.Log.Rewrites.Select(rewrite => rewrite.What), Has.Some.StartsWith("round the kernel to nearest"));
        Assert.That(Noise(refined.Model, data, Convolution()), Is.LessThan(Noise(plain.Model, data, Convolution())));
        Assert.That(GraphVerifier.Verify(refined.Model), Is.Empty);
    }

    [TestCase("biases corrected")]
    [TestCase("kernels rounded to nearest")]
    public void A_build_without_the_data_takes_the_same_form_by_the_same_numbers(string form)
    {
        var measured = Case(form);
        measured.Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Case(form, WithRanges());

        Assert.That(measured.Choice, Does.StartWith(form));
        Assert.That(read.Bytes, Is.EqualTo(measured.Bytes));
        Assert.That(read.Calibration.ToFile()!.ToJson(), Is.EqualTo(measured.Calibration.ToFile()!.ToJson()));
        Assert.That(read.Words, Is.Empty);
    }

    [Test]
    public void A_choice_goes_before_what_other_data_would_choose()
    {
        Quantize(Rows(64, sample => sample % 2 == 1 ? 1 : -1)).Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        Assert.That(Quantize(Rows(16, _ => 1) with { Ranges = _folder["m.ranges.json"] }).Choice, Is.EqualTo(StaticForm.Plain.Name));
    }

    [Test]
    public void Only_the_shifts_of_the_chosen_form_are_kept()
    {
        Assert.That(Kinds(Quantize(Rows(16, _ => 1))).Count(kind => kind == "shifts of round 1"), Is.EqualTo(1));
        Assert.That(Kinds(Quantize(Rows(64, sample => sample % 2 == 1 ? 1 : -1))), Has.None.StartsWith("shifts"));

        static IEnumerable<string> Kinds(Refined refined) => refined.Calibration.ToFile()!.Sections.Select(section => section.Calibrator);
    }

    [Test]
    public void A_choice_without_its_shifts_is_refused()
    {
        var file = Quantize(Rows(16, _ => 1)).Calibration.ToFile()!;
        (file with { Sections = [.. file.Sections.Where(section => section.Moments is null)] }).Write(_folder["m.ranges.json"]);

        Assert.That(() => Quantize(WithRanges()), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("MO4024").And.Message.Contains("no shifts of round 1 of 'y' for quantize-static"));
    }

    [Test]
    public void A_ranges_file_of_before_serves_still_and_gives_what_it_gave()
    {
        var before = Quantize(Rows(16, _ => 1), refine: false);
        before.Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Quantize(WithRanges());

        Assert.That(read.Bytes, Is.EqualTo(before.Bytes));
        Assert.That(read.Calibration.ToFile()!.ToJson(), Is.EqualTo(before.Calibration.ToFile()!.ToJson()));
        Assert.That(read.Words.Single(), Does.Contain("the ranges file is of a build that compared nothing"));
    }

    [TestCase("biases corrected", 1)]
    [TestCase("biases corrected", 3)]
    [TestCase("kernels rounded to nearest", 1)]
    [TestCase("kernels rounded to nearest", 3)]
    public void The_number_of_threads_changes_nothing(string form, int threads)
    {
        var (two, other) = (Case(form), Case(form, threads: threads));

        Assert.That(two.Choice, Does.StartWith(form));
        Assert.That(other.Bytes, Is.EqualTo(two.Bytes));
        Assert.That(other.Calibration.ToFile()!.ToJson(), Is.EqualTo(two.Calibration.ToFile()!.ToJson()));
    }

    [Test]
    public void Too_few_samples_choose_nothing()
    {
        var refined = Quantize(Rows(7, _ => 1));

        Assert.That(refined.Choice, Is.Null);
        Assert.That(refined.Words.Single(), Does.Contain("8 calibration samples at least, and there are 7"));
        Assert.That(refined.Bytes, Is.EqualTo(Quantize(Rows(7, _ => 1), refine: false).Bytes));
    }

    [Test]
    public void Outputs_that_are_no_real_numbers_choose_nothing()
    {
        var refined = Quantize(Rows(16, _ => 1), Product((g, y) => g.Op("ArgMax", y)));

        Assert.That(refined.Choice, Is.Null);
        Assert.That(refined.Words.Single(), Does.Contain("no output of the model is of real numbers"));
    }

    [Test]
    public void Outputs_that_differ_from_run_to_run_choose_nothing()
    {
        var refined = Quantize(Rows(16, _ => 1), Product((g, y) => g.Op("Add", y, g.Op("RandomNormalLike", y))));

        Assert.That(refined.Choice, Is.Null);
        Assert.That(refined.Words.Single(), Does.Contain("RandomNormalLike").And.Contain("draws lots"));
    }

    [Test]
    public void Trials_of_a_goal_choose_nothing()
    {
        var refined = Quantize(Rows(16, _ => 1), filter: new SelectionRecorder());

        Assert.That(refined.Choice, Is.Null);
        Assert.That(refined.Words, Is.Empty);
    }

    [TestCase(new[] { 1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0, 1.0 }, true)]
    [TestCase(new[] { 2.0, 2.1, 1.9, 2.0, 2.2, 1.8, 2.0, 2.0 }, false)]
    [TestCase(new[] { 2.1, 2.0, 2.2, 2.1, 2.0, 2.1, 2.2, 9.0 }, false, Description = "one sample makes all the gain")]
    [TestCase(new double[0], false, Description = "it can't be run")]
    [TestCase(new[] { 1.0, double.PositiveInfinity, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0 }, false)]
    public void A_form_is_better_where_most_samples_say_so(double[] noise, bool isBetter)
    {
        double[] first = [2, 2, 2, 2, 2, 2, 2, 20];
        if (isBetter)
            first[^1] = 2;

        Assert.That(new StaticTrial(StaticForm.Plain, noise, null!).Beats(new(StaticForm.Plain, first, null!)), Is.EqualTo(isBetter));
    }

    private sealed record Refined(OnnxModel Model, CalibrationData Calibration, RewriteLog Log, IReadOnlyList<string> Words)
    {
        public string? Choice => Calibration.ToFile()!.Sections.SingleOrDefault(section => section.Choice is not null)?.Choice;

        public string Bytes => string.Join('\n',
            Model.Graph.Initializers.Select(value => $"{value.Name} {Convert.ToHexString(value.Constant!.Bytes)}"));
    }

    /// <summary>A model whose data chooses the form.</summary>
    private Refined Case(string form, CalibrationSettings? settings = null, int threads = 2) => form == "biases corrected"
        ? Quantize(settings ?? Rows(16, _ => 1), threads: threads)
        : Quantize(settings ?? Pictures(16), Convolution(), threads: threads, activations: ActivationType.UInt16);

    private static Refined Quantize(
        CalibrationSettings settings, OnnxModel? model = null, bool refine = true, int threads = 2, ISelectionFilter? filter = null,
        ActivationType activations = ActivationType.UInt8)
    {
        model ??= Product((_, y) => y);
        var (diagnostics, calibration) = (new DiagnosticBag(), new CalibrationData(PassContexts.Engine, settings) { Threads = threads });
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, diagnostics) { Calibration = calibration };
        calibration.Begin("quantize-static", 0);
        var options = new QuantizeStaticOptions { Prefer = Preference.Size, Refine = refine, Filter = filter, Activations = activations };
        PassRunner.Run(context, [new QuantizeStatic(options)]);
        return new(model, calibration, context.Log, [.. diagnostics.Diagnostics.Where(said => said.Code == "MO4044").Select(said => said.Message)]);
    }

    private static double Noise(OnnxModel result, CalibrationSettings settings, OnnxModel? original = null)
    {
        original ??= Product((_, y) => y);
        return new ModelOptimizer.Evaluation.Gauging.OutputNoise(
            PassContexts.Engine, original, new CalibrationData(PassContexts.Engine, settings).Samples(original)).Of(result);
    }

    private CalibrationSettings WithRanges() => new() { Ranges = _folder["m.ranges.json"] };

    /// <summary>Each channel near a number of its own, with a sign for each sample.</summary>
    private CalibrationSettings Rows(int samples, Func<int, int> sign) => WithData(Enumerable.Range(0, samples).Select(sample =>
    {
        var noise = Tests.Quantization.Weights.Random(3 * Depth, sample + 50);
        return JsonSerializer.Serialize(new
        {
            x = noise.Chunk(Depth).Select(row => row.Select((element, k) => sign(sample) * (1 + k % 3 + element / 10))),
        });
    }));

    private CalibrationSettings Pictures(int samples) => WithData(Enumerable.Range(0, samples).Select(sample =>
    {
        var noise = Tests.Quantization.Weights.Random(StaticModels.Channels * 36, sample + 50);
        return JsonSerializer.Serialize(new { x = new[] { noise.Chunk(36).Select(channel => channel.Chunk(6)) } });
    }));

    private CalibrationSettings WithData(IEnumerable<string> lines) => new() { Data = [Calibrations.WriteLines(_folder, lines)] };

    private static OnnxModel Product(Func<GraphBuilder, Value, Value> then)
    {
        var g = new GraphBuilder();
        var bias = g.Weight("b", Tensor.Create([12], Tests.Quantization.Weights.Random(12)));
        var y = g.Op("Gemm", g.Input("x", StaticModels.Rows), g.Weight("w", StaticModels.Matrix(Depth, 12)), bias);
        y.Name = "y";
        g.Output("out", then(g, y));
        return g.Build();
    }

    private static OnnxModel Convolution()
    {
        var g = new GraphBuilder();
        g.Output("y", StaticModels.Conv(g, g.Input("x", StaticModels.Picture)));
        return g.Build();
    }
}
