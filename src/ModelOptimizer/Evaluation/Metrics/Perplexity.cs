using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>
/// exp of the mean of −ln p(label), where p is the softmax of the output's last axis (Jelinek et al., "Perplexity – a measure of the
/// difficulty of speech recognition tasks", 1977). Logits and log-probabilities give the same result.
/// </summary>
internal sealed class Perplexity : LabelMetric
{
    public override MetricDeclaration Declaration { get; } = new("perplexity", MetricUnit.Number, HigherIsBetter: false,
        "Exponential of the mean negative log-likelihood of the labels.") { HasOriginal = true };

    public override ILabelScore Start() => new MeanLoss();

    private sealed class MeanLoss : ILabelScore
    {
        private double _loss;
        private long _count;

        public double Result => _count == 0 ? double.NaN : Math.Exp(_loss / _count);

        public void Add(ReadOnlySpan<double> scores, int label)
        {
            _loss += LogSumExp(scores) - scores[label];
            _count++;
        }

        /// <summary>Shifted by the maximum, so that no exponential overflows.</summary>
        private static double LogSumExp(ReadOnlySpan<double> scores)
        {
            var max = double.NegativeInfinity;
            foreach (var score in scores)
                max = Math.Max(max, score);
            var sum = 0.0;
            foreach (var score in scores)
                sum += Math.Exp(score - max);
            return max + Math.Log(sum);
        }
    }
}
