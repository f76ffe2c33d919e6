using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>One output's comparisons. The metrics are chosen when its first tensor shows its type.</summary>
internal sealed class OutputComparison(string name, Func<ComparisonMetric, DataType, bool> isWanted)
{
    private readonly Dictionary<Metric, IComparison> _comparisons = [];
    private DataType? _type;
    private string? _notComparable;
    private int _samples;
    private int _shapesDiffered;

    public string Name => name;

    /// <summary>The first sample where a value was not finite, in words; null when there was none.</summary>
    public string? Alarm { get; private set; }

    public IEnumerable<string> Remarks
    {
        get
        {
            if (_notComparable is not null)
                yield return _notComparable;
            if (_shapesDiffered > 0)
                yield return $"Output '{name}' had different shapes in original and result in {_shapesDiffered} of {_samples} samples, "
                    + "which are not compared";
        }
    }

    public bool Has(Metric metric) => _comparisons.ContainsKey(metric);

    public double Result(Metric metric) => _comparisons[metric].Result;

    public void Add(Sample sample, Tensor? expected, Tensor? actual)
    {
        _samples++;
        if (expected is null || actual is null || !OutputElements.CanRead(expected.ElementType) || expected.ElementType != actual.ElementType)
        {
            _notComparable ??= WhyNot(expected, actual);
            return;
        }
        ChooseMetrics(expected.ElementType);
        if (!expected.Dimensions.SequenceEqual(actual.Dimensions))
            _shapesDiffered++;
        else
            Compare(sample, new OutputPair(expected, actual, sample.Rows));
    }

    private void ChooseMetrics(DataType type)
    {
        if (_type is not null)
            return;
        _type = type;
        foreach (var metric in MetricRegistry.All.OfType<ComparisonMetric>().Where(metric => metric.AppliesTo(type) && isWanted(metric, type)))
            _comparisons.Add(metric, metric.Start());
    }

    private void Compare(Sample sample, OutputPair pair)
    {
        if (OutputElements.IsReal(pair.Expected.ElementType))
            Alarm ??= Inspect(sample, pair.Sums);
        foreach (var comparison in _comparisons.Values)
            comparison.Add(pair);
    }

    private string? Inspect(Sample sample, IReadOnlyList<RowSums> rows)
    {
        if (rows.Any(row => row.NonFinite > 0))
            return $"Output '{name}' is not finite in original or result where the other is (first in sample {sample.Index} of {Path.GetFileName(sample.Source)}). "
                + "Exclude the layers before it from float16 or quantization";
        return rows.Any(row => row.NotANumber > 0)
            ? $"Output '{name}' has NaN in original and result alike (first in sample {sample.Index} of {Path.GetFileName(sample.Source)}); check the data"
            : null;
    }

    private string WhyNot(Tensor? expected, Tensor? actual) => expected is null || actual is null
        ? $"Output '{name}' is not a numeric tensor and was not compared"
        : expected.ElementType == actual.ElementType
            ? $"Output '{name}' has elements of type {expected.ElementType.ToOnnxName()}, which are not compared"
            : $"Output '{name}' changed its type from {expected.ElementType.ToOnnxName()} to {actual.ElementType.ToOnnxName()} and was not compared";
}
