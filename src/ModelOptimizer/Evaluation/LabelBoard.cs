using System.Buffers;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Scores one model's output against the labels, by every label metric at once.</summary>
internal sealed class LabelBoard(WantedMetrics wanted, ScoredOutput output)
{
    /// <summary>The label that says "nothing to be scored here", as PyTorch's losses have it.</summary>
    private const long Ignored = -100;

    private IReadOnlyList<(LabelMetric Metric, ILabelScore Score)>? _scores;
    private long _scored;

    /// <summary>The metrics taken; none before a sample came whose labels could be scored.</summary>
    public IEnumerable<LabelMetric> Metrics => output.Remark is not null ? [] : (_scores ?? []).Select(entry => entry.Metric);

    public double Result(LabelMetric metric) => _scores!.First(entry => entry.Metric == metric).Score.Result;

    /// <exception cref="DiagnosticException">No single output fits the labels, or a label is no class of the output.</exception>
    public void Add(Sample sample, IReadOnlyDictionary<string, Tensor?> outputs)
    {
        if (sample.Labels is not { } labels)
            return;
        _scores ??= [.. MetricRegistry.All.OfType<LabelMetric>().Where(metric => wanted.Wants(metric, labels)).Select(metric => (metric, metric.Start()))];
        if (_scores.Count == 0 || output.Find(sample, outputs) is not { } scores)
            return;
        var classes = checked((int)scores.Dimensions[^1]);
        var buffer = ArrayPool<double>.Shared.Rent(classes);
        for (var place = 0; place < labels.ElementCount; place++)
            Score(sample, scores, place, labels.AsSpan<long>()[place], buffer.AsSpan(0, classes));
        ArrayPool<double>.Shared.Return(buffer);
    }

    /// <exception cref="DiagnosticException">A metric was named but there were no labels, or all of them want no score.</exception>
    public void RequireScores(string data)
    {
        if (_scores is null && wanted.NamedLabelMetrics is [var first, ..])
            throw new DiagnosticException(DiagnosticCatalog.LabelsMismatch,
                $"{first.Name} needs labels, and the data has none. Add an array 'labels', or name it with 'evaluate: {{ labels: NAME }}'; "
                + "for pictures it names a file NAME.txt beside them",
                new SourceLocation(data));
        if (Metrics.Any() && _scored == 0)
            throw new DiagnosticException(DiagnosticCatalog.LabelsMismatch, $"All labels are {Ignored}, which means: ignore", new SourceLocation(data));
    }

    private void Score(Sample sample, Tensor scores, int place, long label, Span<double> buffer)
    {
        if (label == Ignored)
            return;
        if (label < 0 || label >= buffer.Length)
            throw new DiagnosticException(DiagnosticCatalog.LabelsMismatch,
                $"Label {label} in sample {sample.Index} is no class of output '{output.Name}', which has {buffer.Length} (0 to {buffer.Length - 1})",
                new SourceLocation(sample.Source));
        OutputElements.Read(scores, (long)place * buffer.Length, buffer);
        foreach (var (_, score) in _scores!)
            score.Add(buffer, (int)label);
        _scored++;
    }
}
