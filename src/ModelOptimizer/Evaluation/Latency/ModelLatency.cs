using ModelOptimizer.Evaluation.Data;

namespace ModelOptimizer.Evaluation;

/// <summary>What one model took, next to others in the same rounds. Copying inputs and outputs is part of a run.</summary>
/// <param name="LoadTime">What the runtime took to open the model, once.</param>
/// <param name="Median">Half of the runs were faster.</param>
/// <param name="Percentile95">One of twenty runs was slower.</param>
/// <param name="RowsPerSecond">Rows of the batch axis, over all rounds.</param>
/// <param name="Ratio">Time ÷ the first model's time in the same round.</param>
public sealed record ModelLatency(TimeSpan LoadTime, TimeSpan Median, TimeSpan Percentile95, double RowsPerSecond, Spread Ratio)
{
    /// <param name="times">Seconds by round.</param>
    /// <param name="first">The first model's.</param>
    /// <param name="samples">What the rounds ran on, over and over.</param>
    internal static ModelLatency Of(TimeSpan loadTime, IReadOnlyList<double> times, IReadOnlyList<double> first, IReadOnlyList<Sample> samples)
    {
        var sorted = times.Order().ToList();
        var rows = times.Select((_, round) => samples[round % samples.Count].Rows).Sum();
        return new(loadTime, Seconds(0.5), Seconds(0.95), rows / times.Sum(), Spread.Of(times.Zip(first, (time, reference) => time / reference)));

        TimeSpan Seconds(double quantile) => TimeSpan.FromSeconds(LatencyComparison.Quantile(sorted, quantile));
    }
}
