using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>Candidate time ÷ original time per run: the median over rounds in which both run on the same sample.</summary>
internal sealed class LatencyRatio : Metric
{
    public override MetricDeclaration Declaration { get; } = new("latency-ratio", MetricUnit.Ratio, HigherIsBetter: false,
        "Time per run as a share of the original's time.")
    {
        IsCost = true,
        DefaultSeverity = Severity.Warning,
    };
}
