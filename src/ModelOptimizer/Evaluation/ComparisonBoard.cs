using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Compares two models output by output, sample by sample, by every comparison metric at once.</summary>
internal sealed class ComparisonBoard
{
    private readonly IReadOnlyList<OutputComparison> _outputs;

    /// <param name="outputs">Names of the outputs to compare.</param>
    /// <param name="wanted">The metrics to take.</param>
    /// <param name="agreementOutput">The one output that agreement looks at; null looks at all.</param>
    public ComparisonBoard(IEnumerable<string> outputs, WantedMetrics wanted, string? agreementOutput) => _outputs =
    [
        .. outputs.Select(name => new OutputComparison(name, (metric, type) =>
            wanted.Wants(metric, type) && (metric is not Agreement || (agreementOutput ?? name) == name))),
    ];

    public IEnumerable<string> Remarks => _outputs.SelectMany(output => output.Remarks);

    /// <summary>What is wrong with the outputs themselves: values that are not finite.</summary>
    public IEnumerable<string> Alarms => _outputs.Select(output => output.Alarm).OfType<string>();

    public void Add(Sample sample, IReadOnlyDictionary<string, Tensor?> expected, IReadOnlyDictionary<string, Tensor?> actual)
    {
        foreach (var output in _outputs)
            output.Add(sample, expected.GetValueOrDefault(output.Name), actual.GetValueOrDefault(output.Name));
    }

    /// <summary>Each metric at the output where it is worst.</summary>
    public IEnumerable<Measurement> Results() =>
        from metric in MetricRegistry.All.OfType<ComparisonMetric>()
        let results = _outputs.Where(output => output.Has(metric)).Select(output => (output.Name, Value: output.Result(metric))).ToArray()
        where results.Length > 0
        let worst = results.Aggregate((a, b) => IsWorse(metric, b.Value, a.Value) ? b : a)
        select new Measurement(metric.Declaration, null, worst.Value) { Output = worst.Name };

    private static bool IsWorse(ComparisonMetric metric, double value, double than) =>
        !double.IsNaN(than) && (double.IsNaN(value) || (metric.Declaration.HigherIsBetter ? value < than : value > than));
}
