using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Measures what a candidate kept of the original: both run once on every sample, and all metrics look on.</summary>
public sealed class Evaluator(IInferenceEngine engine, IDiagnosticSink sink)
{
    /// <summary>Samples kept for timing; more would only cost memory.</summary>
    private const int TimedSamples = 16;

    /// <summary>Compares two models. Without data only sizes are measured, and a warning says so.</summary>
    /// <exception cref="DiagnosticException">Data, labels or models don't fit each other, or a model fails to run.</exception>
    public Measurements Measure(OnnxModel original, OnnxModel candidate, EvaluationRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var originalFiles = SavedModel.Of(original, SavedModel.SourceOf(original));
        using var candidateFiles = SavedModel.Of(candidate, request.CandidateFiles);
        var sizes = Sizes(originalFiles, candidateFiles, Wanted(request));
        if (OpenData(DataRequest.For(original).NarrowedBy(candidate), request) is not { } data)
            return new Measurements([.. sizes]);

        SignatureCheck.Require(original, candidate);
        using var originalRunner = OpenOriginal(original);
        if (originalRunner is null)
            return new Measurements([.. sizes]);

        using var candidateRunner = ModelRunner.Open(engine, candidate, "result");
        var measured = Run(new QualityRun(originalRunner, candidateRunner, Wanted(request), request.Settings!), data, cancellation);
        return ReportMissing(request, measured with { All = [.. measured.All, .. sizes, .. Latency(original, candidate, data, request, cancellation)] });
    }

    /// <summary>Measures one model: its score on labels, its size, and how far it is from outputs recorded with the data.</summary>
    /// <exception cref="DiagnosticException">Data or labels don't fit the model, or it fails to run.</exception>
    public Measurements MeasureAlone(OnnxModel model, EvaluationRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var files = SavedModel.Of(model, request.CandidateFiles ?? SavedModel.SourceOf(model));
        var sizes = MetricRegistry.All.OfType<FileMetric>().Where(metric => Wanted(request).Wants(metric, files)).Select(metric => new Measurement(metric.Declaration, null, metric.Of(files))).ToArray();
        if (OpenData(DataRequest.For(model), request) is not { } data)
            return new Measurements(sizes) { HasOriginal = false };

        using var runner = ModelRunner.Open(engine, model, "given");
        var measured = Run(new QualityRun(original: null, runner, Wanted(request), request.Settings!), data, cancellation);
        return ReportMissing(request, measured with { All = [.. measured.All, .. sizes], HasOriginal = false });
    }

    /// <summary>What was named and not taken is said; for a budget's metric the verdict says it.</summary>
    private Measurements ReportMissing(EvaluationRequest request, Measurements measured)
    {
        Report(DiagnosticCatalog.MetricNotMeasured, request.Settings!.Metrics.Except(request.AlsoMeasure).Where(name => measured.Find(name) is null)
            .Select(name => $"{name} was not measured: {UnmeasuredMetric.Reason(name, measured)}"));
        return measured;
    }

    private static WantedMetrics Wanted(EvaluationRequest request) => new(request.Settings?.Metrics ?? [], request.AlsoMeasure);

    private static IReadOnlyList<Measurement> Sizes(SavedModel original, SavedModel candidate, WantedMetrics wanted) =>
    [
        .. MetricRegistry.All.OfType<FileMetric>().Where(metric => wanted.Wants(metric, original)).Select(metric => new Measurement(metric.Declaration, metric.Of(original), metric.Of(candidate))),
        .. MetricRegistry.All.OfType<FileRatioMetric>().Select(metric => new Measurement(metric.Declaration, null, metric.Of(original, candidate))),
    ];

    private DataSet? OpenData(DataRequest wanted, EvaluationRequest request)
    {
        if (request.Settings is { NamesData: true } settings)
            return new DataSet(settings, wanted with
            {
                Batch = settings.Batch,
                Labels = settings.Labels,
                Limit = request.Limit,
            });
        sink.Report(new Diagnostic(DiagnosticCatalog.AccuracyNotMeasured,
            "Accuracy was NOT measured: there is no data. Add 'evaluate: { data: FILE.npz }' to the profile, with an array per model input taken from "
            + "real use, and 'labels' where the truth is known"));
        return null;
    }

    /// <summary>Operators of somebody else's, or newer ones, need not be known here: such a model is measured only where the runtime can run it.</summary>
    private ModelRunner? OpenOriginal(OnnxModel original)
    {
        try
        {
            return new ModelRunner(engine.Open(original, new SessionSettings(Threads: 1)), "original");
        }
        catch (InferenceException gap) when (gap.IsUnsupported || ModelReview.UnknownOperators(original).Count > 0)
        {
            sink.Report(new Diagnostic(DiagnosticCatalog.AccuracyNotMeasured,
                $"Accuracy was NOT measured: {engine.Description} can't run the model. {gap.Message}"));
            return null;
        }
        catch (InferenceException e)
        {
            throw ModelRunner.Refused(engine, original, "original", e);
        }
    }

    private Measurements Run(QualityRun run, DataSet data, CancellationToken cancellation)
    {
        foreach (var sample in data.Read())
        {
            cancellation.ThrowIfCancellationRequested();
            run.Add(sample);
        }
        var results = run.Results(data.Files[0]).ToArray();
        Report(DiagnosticCatalog.NonFiniteOutputs, run.Alarms);
        Report(DiagnosticCatalog.NotCompared, run.Remarks);
        return new Measurements(results) { Samples = run.Samples, IgnoredArrays = [.. data.Ignored], Remarks = [.. run.Remarks] };
    }

    private void Report(DiagnosticDescriptor descriptor, IEnumerable<string> messages)
    {
        foreach (var message in messages)
            sink.Report(new Diagnostic(descriptor, message));
    }

    /// <summary>Only on demand: it takes seconds, and two sessions of its own when they may use more threads.</summary>
    private IEnumerable<Measurement> Latency(OnnxModel original, OnnxModel candidate, DataSet data, EvaluationRequest request, CancellationToken cancellation)
    {
        var metric = MetricRegistry.All.OfType<LatencyRatio>().Single();
        if (!Wanted(request).IsAskedFor(metric))
            return [];
        using var originalRunner = ModelRunner.Open(engine, original, "original", request.LatencyThreads);
        using var candidateRunner = ModelRunner.Open(engine, candidate, "result", request.LatencyThreads);
        var samples = data.Read().Take(TimedSamples).ToArray();
        return [LatencyComparison.Measure(metric, originalRunner, candidateRunner, samples, request.LatencyThreads, cancellation)];
    }
}
