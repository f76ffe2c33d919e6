namespace ModelOptimizer.Evaluation;

/// <summary>Where the middle half of many measurements lies; the median is robust against what else the machine does.</summary>
/// <param name="Low">A quarter lies below.</param>
/// <param name="Median">Half lies below.</param>
/// <param name="High">A quarter lies above.</param>
public readonly record struct Spread(double Low, double Median, double High)
{
    internal static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return new(LatencyComparison.Quantile(sorted, 0.25), LatencyComparison.Quantile(sorted, 0.5), LatencyComparison.Quantile(sorted, 0.75));
    }
}
