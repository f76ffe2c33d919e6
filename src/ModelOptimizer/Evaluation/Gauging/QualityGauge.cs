using ModelOptimizer.Budgets;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>How a candidate stands to a goal.</summary>
/// <param name="Value">The metric, in its unit.</param>
/// <param name="Original">The original's own value on the same samples; null for metrics that compare.</param>
/// <param name="Holds">Whether the goal holds.</param>
/// <param name="Samples">Runs it was measured on.</param>
public sealed record GaugeReading(double Value, double? Original, bool Holds, int Samples)
{
    /// <summary>Whether the goal fails by more than so few samples make of chance.</summary>
    internal bool FailsClearly { get; init; }
}

/// <summary>Measures candidate after candidate against one original and one goal; the original runs once.</summary>
internal sealed class QualityGauge : IDisposable
{
    private readonly IInferenceEngine _engine;
    private readonly EvaluateSettings _settings;
    private readonly AccuracyGoal _goal;
    private readonly ReferenceAnswers _answers;
    private string? _scored;
    private PartLevel? _level;

    /// <exception cref="DiagnosticException">There is no data, it does not fit the model, or the original can't be run.</exception>
    public QualityGauge(IInferenceEngine engine, OnnxModel original, EvaluateSettings? settings, AccuracyGoal goal, CancellationToken cancellation)
    {
        (_engine, _goal) = (engine, goal);
        _settings = settings is { NamesData: true } ? settings : throw Unmeasurable("there is no data; add 'evaluate: { data: FILE.npz }'");
        var request = DataRequest.For(original) with { Batch = _settings.Batch, Labels = _settings.Labels };
        _answers = new ReferenceAnswers(new DataSet(_settings, request), ModelRunner.Open(engine, original, "original"), goal.Samples, cancellation);
    }

    public MetricDeclaration Metric => MetricCatalog.Find(_goal.Limit.Metric)!;

    /// <summary>Runs of the part that candidates are tried on first.</summary>
    public int PartSamples => _answers.Part.Count;

    public int AllSamples => _answers.Count;

    /// <summary>Sets the goal on the part to what can be had there: some models score better on it than on all samples, some worse.</summary>
    /// <param name="best">The model with nothing quantized.</param>
    /// <param name="onAll">What it scores on all samples, where the goal holds.</param>
    /// <returns>What it scores on the part.</returns>
    public GaugeReading Level(OnnxModel best, GaugeReading onAll, CancellationToken cancellation)
    {
        if (PartSamples == AllSamples)
            return onAll;
        var onPart = Measure(best, _answers.Part, null, cancellation);
        _level = new PartLevel(Metric.Unit, onAll, onPart);
        return onPart with { Holds = true };
    }

    /// <summary>The metric on part of the samples, and whether the goal holds there once its level is set.</summary>
    public GaugeReading MeasurePart(OnnxModel candidate, CancellationToken cancellation) => Measure(candidate, _answers.Part, _level, cancellation);

    /// <summary>The metric on all samples.</summary>
    public GaugeReading MeasureAll(OnnxModel candidate, CancellationToken cancellation) => Measure(candidate, _answers.All(), null, cancellation);

    /// <summary>Noise over signal at the output that counts, on as many of the part's samples as it takes.</summary>
    /// <param name="threads">Samples run at once.</param>
    /// <returns>The ratio, infinite when outputs are not finite or the candidate can't be run, and the runs it took.</returns>
    public (double Noise, int Samples) MeasureNoise(OnnxModel candidate, int threads, CancellationToken cancellation)
    {
        var meter = new NoiseMeter(_scored);
        var samples = 0;
        foreach (var (reference, answer) in Answers(candidate, _answers.Part, threads, cancellation))
        {
            meter.Add(reference.Outputs, answer);
            samples++;
            if (meter.IsSettled)
                break;
        }
        return (meter.Ratio, samples);
    }

    public void Dispose() => _answers.Dispose();

    private GaugeReading Measure(OnnxModel candidate, IEnumerable<Reference> references, PartLevel? level, CancellationToken cancellation)
    {
        var (board, samples) = (new GoalBoard(_goal.Limit.Metric, _settings), 0);
        foreach (var (reference, answer) in Answers(candidate, references, Cores.Count, cancellation))
        {
            board.Add(reference.Sample, reference.Outputs, answer);
            samples++;
        }
        var result = board.Result()
            ?? throw Unmeasurable(UnmeasuredMetric.Reason(_goal.Limit.Metric, new Measurements([]) { Samples = samples }));
        _scored = board.ScoredOutput;
        var bounds = Bound.Of(_goal.Limit, result.Unit, level is null ? result.Original : level.Original).ToList();
        return new GaugeReading(result.Result, result.Original, bounds.TrueForAll(bound => bound.Holds(level?.OnAll(result.Result) ?? result.Result)), samples)
        {
            FailsClearly = level is not null && !bounds.TrueForAll(bound => bound.Holds(level.AtBest(result.Result, bound.IsFloor))),
        };
    }

    /// <summary>Several samples at once, each on one thread, in one session and in order of samples: the same answers on any number of cores.</summary>
    private IEnumerable<(Reference Reference, IReadOnlyDictionary<string, Tensor?> Answer)> Answers(
        OnnxModel candidate, IEnumerable<Reference> references, int threads, CancellationToken cancellation)
    {
        using var runner = ModelRunner.Open(_engine, candidate, "result");
        foreach (var chunk in references.Chunk(threads))
        {
            cancellation.ThrowIfCancellationRequested();
            var answers = new IReadOnlyDictionary<string, Tensor?>[chunk.Length];
            SideBySide.For(answers.Length, i => answers[i] = runner.Run(chunk[i].Sample));
            for (var i = 0; i < answers.Length; i++)
                yield return (chunk[i], answers[i]);
        }
    }

    private DiagnosticException Unmeasurable(string why) => new(DiagnosticCatalog.AccuracyGoalUnmeasured,
        $"The accuracy goal can't be measured: {why}", _goal.Location ?? _goal.Limit.Location);
}
