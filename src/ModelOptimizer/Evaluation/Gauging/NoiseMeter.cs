using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>
/// Noise power over signal power, Σ(x−y)² / Σx², of the worst output. Noise of different layers adds up nearly linearly at the output
/// (Zhou et al., "Adaptive Quantization for Deep Neural Network", AAAI 2018), and tells layers apart long before a class changes.
/// </summary>
/// <param name="outputs">The outputs that count; null takes all.</param>
internal sealed class NoiseMeter(string? outputs)
{
    /// <summary>Runs from which on an average is worth its name.</summary>
    private const int FewestRuns = 8;

    /// <summary>Standard error of the mean, as a share of it, at which more samples would hardly change a ranking.</summary>
    private const double Precision = 0.1;

    private readonly Dictionary<string, (double Signal, double Noise)> _sums = [];
    private int _runs;
    private double _mean;
    private double _squares;

    /// <summary>Infinite once something was not finite.</summary>
    public double Ratio => _sums.Values.Select(sum => Divide(sum.Noise, sum.Signal)).DefaultIfEmpty(0).Max();

    /// <summary>True when further samples would not tell more.</summary>
    public bool IsSettled => double.IsPositiveInfinity(Ratio) || _runs >= FewestRuns && StandardError <= Precision * _mean;

    private double StandardError => Math.Sqrt(_squares / (_runs - 1) / _runs);

    public void Add(IReadOnlyDictionary<string, Tensor?> expected, IReadOnlyDictionary<string, Tensor?> actual)
    {
        var worst = 0.0;
        foreach (var (name, x) in expected)
            if ((outputs ?? name) == name && x is not null && OutputElements.CanRead(x.ElementType))
                worst = Math.Max(worst, Add(name, Compare(x, actual.GetValueOrDefault(name))));
        Average(worst);
    }

    private double Add(string name, (double Signal, double Noise) one)
    {
        var before = _sums.GetValueOrDefault(name);
        _sums[name] = (before.Signal + one.Signal, before.Noise + one.Noise);
        return Divide(one.Noise, one.Signal);
    }

    /// <summary>Running mean and variance (Welford 1962).</summary>
    private void Average(double value)
    {
        var difference = value - _mean;
        _mean += difference / ++_runs;
        _squares += difference * (value - _mean);
    }

    /// <summary>Σx² and Σ(x−y)²; the noise is infinite where something is missing or not finite.</summary>
    internal static (double Signal, double Noise) Compare(Tensor x, Tensor? y)
    {
        if (y is null || x.ElementType != y.ElementType || !x.Dimensions.SequenceEqual(y.Dimensions))
            return (0, double.PositiveInfinity);
        var sums = RowSums.Of(x, y, 0, x.ElementCount);
        return (sums.XX, sums.NonFinite > 0 ? double.PositiveInfinity : sums.SquaredError);
    }

    internal static double Divide(double noise, double signal) => noise == 0 ? 0 : signal == 0 ? double.PositiveInfinity : noise / signal;
}
