using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>The output that labels are scored on: the one asked for, else the only one that has a row of scores for every label.</summary>
/// <param name="wanted">The output asked for; null when it is to be found.</param>
/// <param name="isRequired">Whether labels that fit no output are an error; else they go unscored with a remark.</param>
internal sealed class ScoredOutput(string? wanted, bool isRequired)
{
    private const string Need = "it takes the labels' axes and one more behind, with a score for each of several classes";

    /// <summary>The output's name, once the first sample has shown it.</summary>
    public string? Name { get; private set; } = wanted;

    /// <summary>Why labels are not scored; null when they are.</summary>
    public string? Remark { get; private set; }

    /// <summary>The scores of a sample; null when its labels fit no output and need not.</summary>
    /// <exception cref="DiagnosticException">There is no such output, it does not fit the labels, or several do.</exception>
    public Tensor? Find(Sample sample, IReadOnlyDictionary<string, Tensor?> outputs)
    {
        if (Remark is not null || (Name ?? TheOnlyFitting(sample, outputs)) is not { } name)
            return null;
        Name = name;
        if (!outputs.TryGetValue(name, out var output))
            throw Unclear($"There is no output '{name}' to score{Suggestion.Clause(name, outputs.Keys)} (there are: {Describe(outputs)})", sample);
        return output is not null && Fits(output, sample.Labels!) ? output : throw Unclear(
            $"Output '{name}' does not fit the labels {sample.Labels} in sample {sample.Index}: {Need} (there are: {Describe(outputs)})", sample);
    }

    private string? TheOnlyFitting(Sample sample, IReadOnlyDictionary<string, Tensor?> outputs)
    {
        var fitting = outputs.Where(output => output.Value is { } tensor && Fits(tensor, sample.Labels!)).Select(output => output.Key).ToArray();
        if (fitting.Length > 1)
            throw Unclear($"Several outputs fit the labels: {string.Join(", ", fitting)}. Say which with 'evaluate: {{ output: {fitting[0]} }}'", sample);
        if (fitting.Length == 0)
            Remark = $"No output fits the labels {sample.Labels}: {Need} (there are: {Describe(outputs)})";
        return fitting.Length == 0 && isRequired ? throw Unclear(Remark!, sample) : fitting.FirstOrDefault();
    }

    /// <summary>Axes of length 1 don't matter, so that labels may come with or without the batch.</summary>
    private static bool Fits(Tensor scores, Tensor labels) => OutputElements.IsReal(scores.ElementType)
        && scores.Dimensions is [.., > 1]
        && scores.Dimensions[..^1].Where(length => length != 1).SequenceEqual(labels.Dimensions.Where(length => length != 1));

    private static string Describe(IReadOnlyDictionary<string, Tensor?> outputs) =>
        string.Join(", ", outputs.Select(output => $"{output.Key} {output.Value?.ToString() ?? "(no tensor)"}"));

    private static DiagnosticException Unclear(string message, Sample sample) =>
        new(DiagnosticCatalog.OutputAmbiguous, message, new SourceLocation(sample.Source));
}
