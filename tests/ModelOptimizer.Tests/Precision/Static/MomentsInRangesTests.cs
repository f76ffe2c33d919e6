using System.Text.Json;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Kernels that are rounded by what the data shows of their inputs: the same without the data, from the ranges file.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MomentsInRangesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_build_without_the_data_rounds_kernels_to_the_same_codes()
    {
        var (measured, first) = Quantize(WithData(), ActivationType.UInt16);
        measured.ToFile()!.Write(_folder["m.ranges.json"]);

        var (read, second) = Quantize(WithRanges(), ActivationType.UInt16);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(read.ToFile()!.ToJson(), Is.EqualTo(measured.ToFile()!.ToJson()));
        Assert.That(measured.ToFile()!.Sections.Single(section => section.Calibrator == ChannelMoments.Name).Moments!.Keys, Is.EqualTo(new[] { "hidden", "x" }));
    }

    [TestCase(ActivationType.UInt8)]
    [TestCase(ActivationType.UInt16)]
    public void A_build_without_the_data_corrects_biases_by_the_same_numbers(ActivationType activations)
    {
        var (measured, first) = Quantize(WithData(), activations, correctBias: true);
        measured.ToFile()!.Write(_folder["m.ranges.json"]);

        var (read, second) = Quantize(WithRanges(), activations, correctBias: true);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(read.ToFile()!.ToJson(), Is.EqualTo(measured.ToFile()!.ToJson()));
        Assert.That(Quantize(WithData(), activations).Weights, Is.Not.EqualTo(first), "there is something to correct");
    }

    [Test]
    public void A_file_without_shifts_of_biases_is_refused()
    {
        Quantize(WithData(), ActivationType.UInt8).Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        Assert.That(() => Quantize(WithRanges(), ActivationType.UInt8, correctBias: true), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("MO4024").And.Message.Contains("no shifts of round 1 of 'hidden' for correct-bias"));
    }

    [Test]
    public void A_file_without_moments_still_serves_and_rounds_without_them()
    {
        var (measured, byMoments) = Quantize(WithData(), ActivationType.UInt16);
        var file = measured.ToFile()!;
        (file with { Sections = [.. file.Sections.Where(section => section.Moments is null)] }).Write(_folder["m.ranges.json"]);

        var (_, first) = Quantize(WithRanges(), ActivationType.UInt16);
        var (_, second) = Quantize(WithRanges(), ActivationType.UInt16);
        var (_, withBoth) = Quantize(WithData() with { Ranges = _folder["m.ranges.json"] }, ActivationType.UInt16);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(first, Is.Not.EqualTo(byMoments));
        Assert.That(withBoth, Is.EqualTo(byMoments), "what the file lacks is measured where there is data");
    }

    [TestCase(ActivationType.UInt16, true)]
    [TestCase(ActivationType.UInt8, false)]
    public void Moments_are_learned_in_the_same_run_as_ranges_and_only_where_they_serve(ActivationType activations, bool learned)
    {
        var runs = new List<string>();
        var (calibration, _) = Quantize(WithData(), activations, runs);

        Assert.That(runs, Is.EqualTo(new[] { "calibrate" }));
        Assert.That(calibration.ToFile()!.Sections.Any(section => section.Moments is not null), Is.EqualTo(learned));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void The_number_of_threads_changes_nothing(int threads)
    {
        var (_, two) = Quantize(WithData(), ActivationType.UInt16, threads: 2);

        Assert.That(Quantize(WithData(), ActivationType.UInt16, threads: threads).Weights, Is.EqualTo(two));
    }

    [Test]
    public void Less_is_left_of_errors_where_channels_have_means()
    {
        var (file, data) = (Quantize(WithData(), ActivationType.UInt16).Calibration.ToFile()!, Error(WithData()));
        (file with { Sections = [.. file.Sections.Where(section => section.Moments is null)] }).Write(_folder["m.ranges.json"]);

        Assert.That(data, Is.LessThan(Error(WithRanges()) / 2));
    }

    private CalibrationSettings WithData() => new() { Data = [Calibrations.WriteLines(_folder, Enumerable.Range(0, 5).Select(Line))] };

    private CalibrationSettings WithRanges() => new() { Ranges = _folder["m.ranges.json"] };

    /// <summary>Each channel around a number of its own.</summary>
    private static string Line(int seed)
    {
        var noise = Tests.Quantization.Weights.Random(StaticModels.Channels * 36, seed + 50);
        var channels = noise.Chunk(36).Select((channel, c) => channel.Chunk(6).Select(row => row.Select(element => 2 + c % 3 + element / 10)));
        return JsonSerializer.Serialize(new { x = new[] { channels } });
    }

    private static OnnxModel Model()
    {
        var g = new GraphBuilder();
        var hidden = StaticModels.Conv(g, g.Input("x", StaticModels.Picture));
        hidden.Name = "hidden";
        g.Output("y", StaticModels.Conv(g, hidden, "b"));
        return g.Build();
    }

    /// <summary>The squared error of the result's outputs on the first sample.</summary>
    private double Error(CalibrationSettings settings)
    {
        var model = Model();
        Run(model, new CalibrationData(PassContexts.Engine, settings), ActivationType.UInt16);
        var sample = new CalibrationData(PassContexts.Engine, WithData()).Samples(Model()).First();
        var (exact, rounded) = (Outputs(Model(), sample), Outputs(model, sample));
        return exact.Zip(rounded, (x, y) => ((double)x - y) * (x - y)).Sum();
    }

    private static float[] Outputs(OnnxModel model, ModelOptimizer.Evaluation.Data.Sample sample)
    {
        using var runner = ModelOptimizer.Evaluation.ModelRunner.Open(PassContexts.Engine, model, "result");
        return runner.Run(sample)[runner.Outputs[0].Name]!.AsSpan<float>().ToArray();
    }

    private static (CalibrationData Calibration, string Weights) Quantize(
        CalibrationSettings settings, ActivationType activations, List<string>? runs = null, int threads = 2, bool correctBias = false)
    {
        var (model, progress) = (Model(), runs is null ? null : new Heard(runs));
        var calibration = new CalibrationData(PassContexts.Engine, settings) { Progress = progress, Threads = threads };
        Run(model, calibration, activations, correctBias);
        var constants = GraphWalker.Graphs(model).SelectMany(graph => graph.Initializers.Concat(graph.MadeValues))
            .Where(value => value.Constant is not null);
        return (calibration, string.Join('\n', constants.Select(value => $"{value.Name} {Convert.ToHexString(value.Constant!.Bytes)}")));
    }

    private static void Run(OnnxModel model, CalibrationData calibration, ActivationType activations, bool correctBias = false)
    {
        calibration.Begin("quantize-static", 0);
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()) { Calibration = calibration };
        PassRunner.Run(context, [new QuantizeStatic(new() { Activations = activations, Prefer = Preference.Size })]);
        if (!correctBias)
            return;
        calibration.Begin("correct-bias", 1);
        PassRunner.Run(context, [new CorrectBias(new())]);
    }

    private sealed class Heard(List<string> words) : IProgress<string>
    {
        public void Report(string value) => words.Add(value);
    }
}
