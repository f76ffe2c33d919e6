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
public sealed record GaugeReading(double Value, double? Original, bool Holds, int Samples);

/// <summary>Measures candidate after candidate against one original and one goal; the original runs once.</summary>
internal sealed class QualityGauge : IDisposable
{
    private readonly IInferenceEngine _engine;
    private readonly EvaluateSettings _settings;
    private readonly AccuracyGoal _goal;
    private readonly ReferenceAnswers _answers;
    private string? _scored;

    /// <exception cref="DiagnosticException">There is no data, it does not fit the model, or the original can't be run.</exception>
    public QualityGauge(IInferenceEngine engine, OnnxModel original, EvaluateSettings? settings, AccuracyGoal goal, CancellationToken cancellation)
    {
        (_engine, _goal) = (engine, goal);
        _settings = settings is { NamesData: true } ? settings : throw Unmeasurable("there is no data; add 'evaluate: { data: FILE.npz }'");
        var request = DataRequest.For(original) with { Batch = _settings.Batch, Labels = _settings.Labels };
        _answers = new ReferenceAnswers(new DataSet(_settings, request), ModelRunner.Open(engine, original, "original"), goal.Samples, cancellation);
    }

    public MetricDeclaration Metric => MetricCatalog.Find(_goal.Limit.Metric)!;

    /// <summary>Runs of the part that candidates are tried on.</summary>
    public int PartSamples => _answers.Part.Count;

    public int AllSamples => _answers.Count;

    /// <summary>The metric on part of the samples.</summary>
    public GaugeReading MeasurePart(OnnxModel candidate, CancellationToken cancellation) => Measure(candidate, _answers.Part, cancellation);

    /// <summary>The metric on all samples.</summary>
    public GaugeReading MeasureAll(OnnxModel candidate, CancellationToken cancellation) => Measure(candidate, _answers.All(), cancellation);

    /// <summary>Noise over signal at the output that counts, on as many of the part's samples as it takes.</summary>
    /// <returns>The ratio, infinite when outputs are not finite or the candidate can't be run, and the runs it took.</returns>
    public (double Noise, int Samples) MeasureNoise(OnnxModel candidate, CancellationToken cancellation)
    {
        using var runner = ModelRunner.Open(_engine, candidate, "result");
        var meter = new NoiseMeter(_scored);
        var samples = 0;
        foreach (var (sample, expected) in _answers.Part)
        {
            cancellation.ThrowIfCancellationRequested();
            meter.Add(expected, runner.Run(sample));
            samples++;
            if (meter.IsSettled)
                break;
        }
        return (meter.Ratio, samples);
    }

    public void Dispose() => _answers.Dispose();

    private GaugeReading Measure(OnnxModel candidate, IEnumerable<Reference> references, CancellationToken cancellation)
    {
        var (board, samples) = (new GoalBoard(_goal.Limit.Metric, _settings), 0);
        foreach (var (reference, answer) in Answers(candidate, references, cancellation))
        {
            board.Add(reference.Sample, reference.Outputs, answer);
            samples++;
        }
        var result = board.Result()
            ?? throw Unmeasurable(UnmeasuredMetric.Reason(_goal.Limit.Metric, new Measurements([]) { Samples = samples }));
        _scored = board.ScoredOutput;
        var bounds = Bound.Of(_goal.Limit, result.Unit, result.Original);
        return new GaugeReading(result.Result, result.Original, bounds.All(bound => bound.Holds(result.Result)), samples);
    }

    /// <summary>Several samples at once, each in a session of its own on one thread, in order of samples: the same answers on any number of cores.</summary>
    private IEnumerable<(Reference Reference, IReadOnlyDictionary<string, Tensor?> Answer)> Answers(
        OnnxModel candidate, IEnumerable<Reference> references, CancellationToken cancellation)
    {
        var runners = new List<ModelRunner>();
        try
        {
            foreach (var chunk in references.Chunk(Math.Max(1, Environment.ProcessorCount)))
            {
                cancellation.ThrowIfCancellationRequested();
                while (runners.Count < chunk.Length)
                    runners.Add(ModelRunner.Open(_engine, candidate, "result"));
                var answers = new IReadOnlyDictionary<string, Tensor?>[chunk.Length];
                SideBySide.For(answers.Length, i => answers[i] = runners[i].Run(chunk[i].Sample));
                for (var i = 0; i < answers.Length; i++)
                    yield return (chunk[i], answers[i]);
            }
        }
        finally
        {
            runners.ForEach(runner => runner.Dispose());
        }
    }

    private DiagnosticException Unmeasurable(string why) => new(DiagnosticCatalog.AccuracyGoalUnmeasured,
        $"The accuracy goal can't be measured: {why}", _goal.Location ?? _goal.Limit.Location);
}
