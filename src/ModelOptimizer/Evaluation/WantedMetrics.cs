using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Which metrics to take: those named, or what suits outputs and labels when none is; and the budget's in any case.</summary>
internal sealed class WantedMetrics(IReadOnlyList<string> named, IReadOnlyList<string> also)
{
    /// <summary>Bytes of a model up to which compressing it takes no time worth mentioning.</summary>
    private const long CompressedUnasked = 64L << 20;

    /// <summary>Label metrics that the profile asks for in so many words.</summary>
    public IReadOnlyList<LabelMetric> NamedLabelMetrics => [.. MetricRegistry.All.OfType<LabelMetric>().Where(metric => named.Contains(metric.Name))];

    public bool Wants(ComparisonMetric metric, DataType output) => IsAskedFor(metric) || (named.Count == 0 && Suits(metric, output));

    public bool Wants(LabelMetric metric, Tensor labels) => IsAskedFor(metric) || (named.Count == 0 && Suits(metric, labels));

    /// <summary>Size always; the compressed size of a large model takes long and is found on demand.</summary>
    public bool Wants(FileMetric metric, SavedModel model) =>
        IsAskedFor(metric) || metric is not CompressedSize || model.Bytes <= CompressedUnasked;

    public bool IsAskedFor(Metric metric) => named.Contains(metric.Name) || also.Contains(metric.Name);

    /// <summary>Where numbers are compared, agreement says nothing more; where decisions are, nothing else says anything.</summary>
    private static bool Suits(ComparisonMetric metric, DataType output) => metric is not Agreement || OutputElements.IsDiscrete(output);

    /// <summary>A label per row is a class, labels at several positions of a row are tokens.</summary>
    private static bool Suits(LabelMetric metric, Tensor labels) =>
        labels.Dimensions.Skip(1).Any(length => length != 1) ? metric is Perplexity : metric is Top1;
}
