using System.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Metrics;

namespace ModelOptimizer.Evaluation;

/// <summary>
/// Times two models against each other in one process. Each round runs both on the same sample, in changing order, and gives one ratio; the
/// median of the ratios is robust against what else the machine does, which hits both.
/// </summary>
internal static class LatencyComparison
{
    private const int WarmUpRounds = 5;
    private const int MinimalRounds = 15;
    private const int MaximalRounds = 301;
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(3);

    public static Measurement Measure(LatencyRatio metric, ModelRunner original, ModelRunner candidate, IReadOnlyList<Sample> samples, int threads,
        CancellationToken cancellation)
    {
        var ratios = Ratios(original, candidate, samples, cancellation);
        return new Measurement(metric.Declaration, null, Quantile(ratios, 0.5))
        {
            Remark = $"middle half of {ratios.Count} rounds: {MetricFormat.Format(metric.Declaration.Unit, Quantile(ratios, 0.25))} to "
                + $"{MetricFormat.Format(metric.Declaration.Unit, Quantile(ratios, 0.75))}, {threads} thread{(threads == 1 ? "" : "s")}",
        };
    }

    /// <summary>Candidate time ÷ original time of each round, sorted.</summary>
    internal static IReadOnlyList<double> Ratios(ModelRunner original, ModelRunner candidate, IReadOnlyList<Sample> samples, CancellationToken cancellation)
    {
        for (var round = 0; round < WarmUpRounds; round++)
            _ = Ratio(original, candidate, samples[round % samples.Count], round);
        var ratios = new List<double>();
        for (var clock = Stopwatch.StartNew(); ratios.Count < MinimalRounds || (clock.Elapsed < Enough && ratios.Count < MaximalRounds);)
        {
            cancellation.ThrowIfCancellationRequested();
            ratios.Add(Ratio(original, candidate, samples[ratios.Count % samples.Count], ratios.Count));
        }
        ratios.Sort();
        return ratios;
    }

    /// <summary>By linear interpolation between neighbours.</summary>
    internal static double Quantile(IReadOnlyList<double> sorted, double fraction)
    {
        var position = fraction * (sorted.Count - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Count - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }

    private static double Ratio(ModelRunner original, ModelRunner candidate, Sample sample, int round)
    {
        var originalFirst = round % 2 == 0;
        var first = Time(originalFirst ? original : candidate, sample);
        var second = Time(originalFirst ? candidate : original, sample);
        return originalFirst ? second / first : first / second;
    }

    private static double Time(ModelRunner model, Sample sample)
    {
        var start = Stopwatch.GetTimestamp();
        _ = model.Run(sample);
        return Stopwatch.GetTimestamp() - start;
    }
}
