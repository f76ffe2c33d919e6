using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>
/// Something that is measured. A class derived from one of the kinds below, with a parameterless constructor, is found by itself and may be
/// named in profiles at once.
/// </summary>
public abstract class Metric
{
    /// <summary>Its name in profiles, its unit, which way is better.</summary>
    public abstract MetricDeclaration Declaration { get; }

    public string Name => Declaration.Name;
}

/// <summary>Compares the outputs of two models, or of a model and a recording. Each output has its own comparison; the worst is reported.</summary>
public abstract class ComparisonMetric : Metric
{
    /// <summary>Whether it makes sense for outputs of the type.</summary>
    public abstract bool AppliesTo(DataType output);

    public abstract IComparison Start();
}

/// <summary>Gathers what one output does over all samples, in constant memory.</summary>
public interface IComparison
{
    void Add(OutputPair pair);

    /// <summary>The metric over everything added; NaN when values were not finite where they should be.</summary>
    double Result { get; }
}

/// <summary>Scores one model's output against the truth.</summary>
public abstract class LabelMetric : Metric
{
    public abstract ILabelScore Start();
}

/// <summary>Gathers how well scores agree with labels, in constant memory.</summary>
public interface ILabelScore
{
    /// <param name="scores">The output's last axis at one place: a score per class, or logits over the vocabulary.</param>
    /// <param name="label">The true class, within <paramref name="scores"/>.</param>
    void Add(ReadOnlySpan<double> scores, int label);

    double Result { get; }
}

/// <summary>What a saved model costs by itself.</summary>
public abstract class FileMetric : Metric
{
    public abstract double Of(SavedModel model);
}

/// <summary>What a saved model costs next to another.</summary>
public abstract class FileRatioMetric : Metric
{
    public abstract double Of(SavedModel original, SavedModel candidate);
}
