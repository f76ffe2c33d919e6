using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>
/// Signal to quantization noise ratio, 10·log10(Σx² / Σ(x−y)²) in dB, pooled over all samples. Equal outputs give +∞.
/// </summary>
internal sealed class Sqnr : ComparisonMetric
{
    public override MetricDeclaration Declaration { get; } = new("sqnr", MetricUnit.Decibel, HigherIsBetter: true,
        "Signal to quantization noise ratio in dB, pooled over all samples, of the worst output.");

    public override bool AppliesTo(DataType output) => OutputElements.IsReal(output);

    public override IComparison Start() => new Pool();

    private sealed class Pool : IComparison
    {
        private double _signal;
        private double _noise;

        public double Result => _noise == 0 ? double.PositiveInfinity : 10 * Math.Log10(_signal / _noise);

        public void Add(OutputPair pair)
        {
            foreach (var sums in pair.Sums)
            {
                _signal += sums.XX;
                _noise += sums.NonFinite > 0 ? double.NaN : sums.SquaredError;
            }
        }
    }
}
