using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>What a reading on part of the samples says of all of them: by how much the same model scores differently there.</summary>
/// <param name="unit">The metric's.</param>
/// <param name="onAll">A model's score on all samples.</param>
/// <param name="onPart">The same model's on the part.</param>
internal sealed class PartLevel(MetricUnit unit, GaugeReading onAll, GaugeReading onPart)
{
    /// <summary>Standard errors, or decibels, by which a reading on the part may be wrong.</summary>
    private const double Doubt = 3;

    /// <summary>An infinite SQNR, of nothing quantized, says nothing about levels.</summary>
    private readonly double _shift = double.IsFinite(onAll.Value) && double.IsFinite(onPart.Value) ? onAll.Value - onPart.Value : 0;

    /// <summary>The original's score on all samples.</summary>
    public double? Original => onAll.Original;

    /// <summary>What a score on the part would likely be on all samples.</summary>
    public double OnAll(double value) => value + _shift;

    /// <summary>The best that a score on the part may stand for.</summary>
    public double AtBest(double value, bool higherIsBetter) => double.IsFinite(value) ? OnAll(value) + (higherIsBetter ? Margin : -Margin) : value;

    /// <summary>Of a rate p by n samples √(p(1−p)/n), twice since two are compared; by the rule of three, 3/n where p is 0 or 1.</summary>
    private double Margin => unit switch
    {
        MetricUnit.Rate => Doubt * Math.Max(1.0 / onPart.Samples, Math.Sqrt(2 * onPart.Value * (1 - onPart.Value) / onPart.Samples)),
        MetricUnit.Decibel => Doubt,
        _ => double.PositiveInfinity,
    };
}
