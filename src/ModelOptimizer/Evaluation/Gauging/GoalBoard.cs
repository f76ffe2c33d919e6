using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>Takes one metric of a candidate, given the original's answers.</summary>
internal sealed class GoalBoard
{
    private readonly Metric _metric;
    private readonly WantedMetrics _wanted;
    private readonly string? _output;
    private readonly ScoredOutput _scored;
    private readonly LabelBoard _original;
    private readonly LabelBoard _candidate;
    private ComparisonBoard? _comparison;

    public GoalBoard(string metric, EvaluateSettings settings)
    {
        _metric = MetricRegistry.All.First(known => known.Name == metric);
        _wanted = new WantedMetrics([metric], []);
        _output = settings.Output;
        _scored = new ScoredOutput(settings.Output, isRequired: _metric is LabelMetric);
        _original = new LabelBoard(_wanted, _scored);
        _candidate = new LabelBoard(_wanted, _scored);
    }

    /// <summary>The output that is scored; null when all are compared.</summary>
    public string? ScoredOutput => _metric is LabelMetric ? _scored.Name : _output;

    public void Add(Sample sample, IReadOnlyDictionary<string, Tensor?> expected, IReadOnlyDictionary<string, Tensor?> actual)
    {
        if (_metric is LabelMetric)
        {
            _original.Add(sample, expected);
            _candidate.Add(sample, actual);
            return;
        }
        _comparison ??= new ComparisonBoard(expected.Keys.Where(actual.ContainsKey), _wanted, _output);
        _comparison.Add(sample, expected, actual);
    }

    /// <summary>The metric; null when data or outputs are not of its kind.</summary>
    public Measurement? Result() => _metric is not LabelMetric label
        ? _comparison?.Results().FirstOrDefault()
        : _candidate.Metrics.Contains(label)
            ? new Measurement(label.Declaration, _original.Result(label), _candidate.Result(label)) { Output = _scored.Name }
            : null;
}
