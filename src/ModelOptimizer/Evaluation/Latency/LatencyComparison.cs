using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;

namespace ModelOptimizer.Evaluation;

/// <summary>
/// Times two models against each other in one process. Each round gives one ratio; the median of the ratios is robust against what else the
/// machine does, which hits both.
/// </summary>
internal static class LatencyComparison
{
    public static Measurement Measure(LatencyRatio metric, ModelRunner original, ModelRunner candidate, IReadOnlyList<Sample> samples, int threads,
        CancellationToken cancellation)
    {
        var ratios = Ratios(original, candidate, samples, cancellation);
        var spread = Spread.Of(ratios);
        return new Measurement(metric.Declaration, null, spread.Median)
        {
            Spread = spread,
            Remark = $"middle half of {ratios.Count} rounds: {MetricFormat.Format(metric.Declaration.Unit, spread.Low)} to "
                + $"{MetricFormat.Format(metric.Declaration.Unit, spread.High)}, {threads} thread{(threads == 1 ? "" : "s")}",
        };
    }

    /// <summary>Candidate time ÷ original time of each round, sorted.</summary>
    internal static IReadOnlyList<double> Ratios(ModelRunner original, ModelRunner candidate, IReadOnlyList<Sample> samples, CancellationToken cancellation)
    {
        var times = InterleavedRounds.Time([original, candidate], samples, new RoundSettings(), cancellation);
        return [.. times[1].Zip(times[0], (after, before) => after / before).Order()];
    }

    /// <summary>By linear interpolation between neighbours.</summary>
    internal static double Quantile(IReadOnlyList<double> sorted, double fraction)
    {
        var position = fraction * (sorted.Count - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
