using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>
/// Mean over samples of Σxy / √(Σx²·Σy²), in [−1, 1]. Two zero vectors point the same way (1); a zero one beside another does not (0).
/// </summary>
internal sealed class CosineSimilarity : ComparisonMetric
{
    public override MetricDeclaration Declaration { get; } = new("cosine-similarity", MetricUnit.Rate, HigherIsBetter: true,
        "Cosine between the outputs of original and result, mean over samples, of the worst output.");

    public override bool AppliesTo(DataType output) => OutputElements.IsReal(output);

    public override IComparison Start() => new Mean();

    private sealed class Mean : IComparison
    {
        private double _sum;
        private long _count;

        public double Result => _count == 0 ? double.NaN : _sum / _count;

        public void Add(OutputPair pair)
        {
            foreach (var sums in pair.Sums)
                _sum += sums.NonFinite > 0 ? double.NaN : Cosine(sums);
            _count += pair.Sums.Count;
        }

        private static double Cosine(in RowSums sums)
        {
            if (sums.XX == 0 || sums.YY == 0)
                return sums.XX == sums.YY ? 1 : 0;
            // Rounding may carry equal vectors a hair above one.
            return Math.Clamp(sums.XY / (Math.Sqrt(sums.XX) * Math.Sqrt(sums.YY)), -1, 1);
        }
    }
}
