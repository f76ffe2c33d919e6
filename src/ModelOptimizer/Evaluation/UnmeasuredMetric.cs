using ModelOptimizer.Evaluation.Metrics;

namespace ModelOptimizer.Evaluation;

/// <summary>Why a metric that somebody asked for was not measured.</summary>
internal static class UnmeasuredMetric
{
    /// <summary>The rest of a sentence: what it lacks, and what to add.</summary>
    public static string Reason(string metric, Measurements measurements) => MetricRegistry.All.FirstOrDefault(m => m.Name == metric) switch
    {
        FileRatioMetric => "it needs an original to compare with",
        _ when !measurements.IsAccuracyMeasured => "there is no data; add 'evaluate: { data: FILE.npz }'",
        LabelMetric => "the data has no labels that fit an output; add an array 'labels', or name it with 'evaluate: { labels: NAME }'",
        ComparisonMetric when measurements.HasOriginal => "no output of the model is of a type that it compares",
        ComparisonMetric => "it needs an original to compare with, or outputs recorded with the data",
        _ => "it needs an original to compare with",
    };
}
