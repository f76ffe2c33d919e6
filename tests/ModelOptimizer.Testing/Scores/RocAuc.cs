namespace ModelOptimizer.Testing.Scores;

/// <summary>
/// Area under the receiver operating characteristic: the chance that a positive has a higher score than a negative, ties counting one half
/// (Hanley and McNeil 1982).
/// </summary>
public sealed class RocAuc
{
    private readonly List<(float Score, bool IsPositive)> _scores = [];

    /// <summary>Not a number unless there are both positives and negatives.</summary>
    public double Result
    {
        get
        {
            var (wins, negatives, positives) = (0.0, 0L, 0L);
            foreach (var tied in _scores.GroupBy(entry => entry.Score).OrderBy(group => group.Key))
            {
                var (right, all) = (tied.LongCount(entry => entry.IsPositive), tied.LongCount());
                wins += right * (negatives + (all - right) / 2.0);
                (negatives, positives) = (negatives + all - right, positives + right);
            }
            return wins / ((double)positives * negatives);
        }
    }

    public void Add(float score, bool isPositive) => _scores.Add((score, isPositive));
}
