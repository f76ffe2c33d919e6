using ModelOptimizer.Benchmarks.Results;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>Optimizes one model by one setting and measures the result, in a process of its own: its peak of memory is nobody else's.</summary>
internal static class QuantizationRun
{
    /// <summary>Tells such a process from the one that starts it.</summary>
    public const string Word = "--run";

    private const int TimedSamples = 16;

    private static readonly string[] Lossless = ["simplify", "fuse", "upgrade-opset"];

    /// <summary>Steps of an optimization besides its passes. What is left are passes that quantize, and what they tell on the way.</summary>
    private static readonly string[] OtherSteps = ["load", "write", "evaluate"];

    /// <summary>Measures and writes the row to standard output.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(MeasuredTable table, string model, string setting, string protocol)
    {
        var folder = Directory.CreateTempSubdirectory("model-opt-quantization-");
        try
        {
            Console.WriteLine(Measure(new ModelData(model), setting, table, Protocol.Find(protocol), folder.FullName));
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static QuantizationRow Measure(ModelData data, string setting, MeasuredTable table, Protocol protocol, string folder)
    {
        var row = new QuantizationRow(data.Name, setting);
        try
        {
            return Measure(row, data, Profile(data, setting, table, protocol, folder), protocol, folder);
        }
        catch (DiagnosticException e)
        {
            return row with { Trouble = e.Diagnostics[0].Message };
        }
    }

    private static OptimizationProfile Profile(ModelData data, string name, MeasuredTable table, Protocol protocol, string folder)
    {
        var setting = table.Settings.First(known => known.Name == name);
        var bytes = setting.AsLargeAs is { } other ? Optimize(data, Profile(data, other, table, protocol, folder), folder).Report.Result.Bytes : 0;
        return setting.For(data, protocol, Path.Combine(folder, "profile.yaml"), bytes);
    }

    private static OptimizationResult Optimize(ModelData data, OptimizationProfile profile, string folder, StepClock? clock = null) =>
        new Optimizer(ModelUnderTest.Engine, new DiagnosticBag(), clock).Run(new OptimizationRequest(data.Model, profile, Path.Combine(folder, "result.onnx")));

    private static QuantizationRow Measure(QuantizationRow row, ModelData data, OptimizationProfile profile, Protocol protocol, string folder)
    {
        var clock = new StepClock();
        var result = Optimize(data, profile, folder, clock);
        var peak = Machine.PeakResidentBytes();
        var quantizing = profile.Passes.Select(pass => pass.Name).Except(Lossless).ToList();
        var weights = result.Report.Weights.Count(weight => weight.Refusal is not null && quantizing.Contains(weight.Pass));
        return Judge(data, result.ModelPath, protocol, row with
        {
            Bytes = result.Report.Result.Bytes,
            Seconds = clock.SecondsBut([.. Lossless, .. OtherSteps]),
            PeakBytes = peak,
            Refusals = weights + result.Report.Refusals.Count(refusal => quantizing.Contains(refusal.Pass)),
            Trouble = result.Accepted ? null : "the goal is out of reach",
        });
    }

    private static QuantizationRow Judge(ModelData data, string path, Protocol protocol, QuantizationRow row)
    {
        var (original, result) = (OnnxModel.Load(data.Model), OnnxModel.Load(path));
        var measured = new Evaluator(ModelUnderTest.Engine, new DiagnosticBag()).Measure(original, result, new EvaluationRequest
        {
            Settings = new EvaluateSettings { Data = [data.Evaluation] },
            AlsoMeasure = ["agreement"],
            Limit = protocol.HeldOut,
        });
        var isDetector = TaskQuality.IsDetector(data);
        using var saved = SavedModel.Of(result, [path, .. result.ExternalFiles]);
        return row with
        {
            CompressedBytes = saved.CompressedBytes,
            Quality = Scored(measured) ?? TaskQuality.Measure(data, result),
            Sqnr = measured.Find("sqnr")?.Result,
            Cosine = measured.Find("cosine-similarity")?.Result,
            Decisions = isDetector ? TaskQuality.DetectionsKept(data, original, result, protocol.HeldOut) : Text(measured.Find("agreement")),
            Times = [Time(data, original, result, threads: 1), Time(data, original, result, threads: 2)],
        };
    }

    private static string? Scored(Measurements measured) => Text(measured.Find("top-1") ?? measured.Find("perplexity"));

    private static string? Text(Measurement? measurement) => measurement is null ? null : $"{measurement.Metric} {MetricFormat.Format(measurement.Unit, measurement.Result)}";

    private static double Time(ModelData data, OnnxModel original, OnnxModel result, int threads)
    {
        using var before = ModelRunner.Open(ModelUnderTest.Engine, original, "original", threads);
        using var after = ModelRunner.Open(ModelUnderTest.Engine, result, "result", threads);
        var samples = new DataSet([data.Evaluation], DataRequest.For(original).NarrowedBy(result) with { Limit = TimedSamples }).Read().ToList();
        return LatencyComparison.Quantile(LatencyComparison.Ratios(before, after, samples, CancellationToken.None), 0.5);
    }
}
