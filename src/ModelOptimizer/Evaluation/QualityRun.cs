using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation;

/// <summary>
/// Runs every sample and lets all quality metrics look on. The candidate is held against the original; a model without an original against
/// the outputs that came with the data, where there are any.
/// </summary>
internal sealed class QualityRun
{
    private readonly ModelRunner? _original;
    private readonly ModelRunner _candidate;
    private readonly WantedMetrics _wanted;
    private readonly string? _output;
    private readonly ScoredOutput _scored;
    private readonly LabelBoard _originalScores;
    private readonly LabelBoard _candidateScores;
    private ComparisonBoard? _comparison;

    public QualityRun(ModelRunner? original, ModelRunner candidate, WantedMetrics wanted, EvaluateSettings settings)
    {
        _original = original;
        _candidate = candidate;
        _wanted = wanted;
        _output = settings.Output;
        _scored = new ScoredOutput(settings.Output, isRequired: settings.Labels is not null || wanted.NamedLabelMetrics.Count > 0);
        _originalScores = new LabelBoard(wanted, _scored);
        _candidateScores = new LabelBoard(wanted, _scored);
    }

    public int Samples { get; private set; }

    public IEnumerable<string> Remarks => (_comparison?.Remarks ?? []).Concat(_scored.Remark is { } remark ? [remark] : []);

    public IEnumerable<string> Alarms => _comparison?.Alarms ?? [];

    public void Add(Sample sample)
    {
        var (expected, actual) = Answers(sample);
        _comparison ??= new ComparisonBoard(_candidate.Outputs.Select(output => output.Name).Where(expected.ContainsKey), _wanted, _output);
        _comparison.Add(sample, expected, actual);
        if (_original is not null)
            _originalScores.Add(sample, expected);
        _candidateScores.Add(sample, actual);
        Samples++;
    }

    public IEnumerable<Measurement> Results(string data)
    {
        _candidateScores.RequireScores(data);
        var scores = _candidateScores.Metrics.Select(metric => new Measurement(
            metric.Declaration, _original is null ? null : _originalScores.Result(metric), _candidateScores.Result(metric)) { Output = _scored.Name });
        return scores.Concat(_comparison!.Results());
    }

    /// <summary>Both models run at once, each on a single thread: the answers stay the same on any number of cores.</summary>
    private (IReadOnlyDictionary<string, Tensor?> Expected, IReadOnlyDictionary<string, Tensor?> Actual) Answers(Sample sample)
    {
        if (_original is null)
            return (sample.Expected.ToDictionary(output => output.Key, output => (Tensor?)output.Value), _candidate.Run(sample));
        var original = Cores.Start(() => _original.Run(sample));
        IReadOnlyDictionary<string, Tensor?> actual;
        try
        {
            actual = _candidate.Run(sample);
        }
        finally
        {
            // A session must not be closed under a run.
            Task.WaitAny(original);
        }
        return (original.GetAwaiter().GetResult(), actual);
    }
}
