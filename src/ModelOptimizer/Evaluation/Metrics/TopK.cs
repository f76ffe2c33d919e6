using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Metrics;

/// <summary>Share of labels that are among the k classes with the highest scores. Of equal scores the lower index ranks first.</summary>
internal abstract class TopK(int k, string description) : LabelMetric
{
    public override MetricDeclaration Declaration { get; } =
        new($"top-{k}", MetricUnit.Rate, HigherIsBetter: true, description) { HasOriginal = true };

    public override ILabelScore Start() => new Share(k);

    private sealed class Share(int k) : ILabelScore
    {
        private long _hits;
        private long _count;

        public double Result => _count == 0 ? double.NaN : (double)_hits / _count;

        public void Add(ReadOnlySpan<double> scores, int label)
        {
            _hits += Rank(scores, label) < k ? 1 : 0;
            _count++;
        }

        /// <summary>How many classes rank before the label. A score that is no number ranks last.</summary>
        private static int Rank(ReadOnlySpan<double> scores, int label)
        {
            var own = scores[label];
            if (double.IsNaN(own))
                return scores.Length;
            var rank = 0;
            for (var i = 0; i < scores.Length; i++)
                rank += scores[i] > own || (scores[i] == own && i < label) ? 1 : 0;
            return rank;
        }
    }
}

internal sealed class Top1() : TopK(1, "Share of labels that are the best guess.");

internal sealed class Top5() : TopK(5, "Share of labels among the five best guesses.");
