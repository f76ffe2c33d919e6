using ModelOptimizer.Evaluation.Data;

namespace ModelOptimizer.Passes;

/// <summary>Samples from which shifts are learned, and others by which forms with them are judged.</summary>
/// <param name="Learned">Places among all samples.</param>
/// <param name="Judging">Places among those of <see cref="TrialSamples.Judging"/>.</param>
internal sealed record TrialFold(IReadOnlySet<long> Learned, IReadOnlyList<int> Judging);

/// <summary>
/// Shares samples out so that no form is judged by those it learned from. Where there are few, halves take turns (cross-validation: Stone,
/// "Cross-Validatory Choice and Assessment of Statistical Predictions", J. R. Stat. Soc. B 36, 1974), so that all of them judge.
/// </summary>
internal sealed class TrialSamples
{
    /// <summary>Those that judge are twice as many as are learned of.</summary>
    public const int Most = 2 * LearnedShifts.Enough;

    /// <summary>Fewer tell nothing for certain.</summary>
    public const int Fewest = 8;

    /// <param name="count">How many there are.</param>
    /// <param name="most">How many may judge.</param>
    public TrialSamples(long count, int most)
    {
        var learned = EvenPick.Of(count, Math.Min(LearnedShifts.Enough, count / 2)).ToHashSet();
        var spread = EvenPick.Of(count, most).ToList();
        if (count < Most)
        {
            Judging = spread;
            TrialFold[] halves = [new(learned, Places(place => !learned.Contains(place))), new(Others(), Places(learned.Contains))];
            Folds = [.. halves.Where(half => half.Judging.Count > 0)];
            return;
        }
        spread.RemoveAll(learned.Contains);
        var others = Others().Order().ToList();
        Judging = spread.Count >= Math.Max(Fewest, most / 2) ? spread : [.. EvenPick.Of(others.Count, most).Select(index => others[(int)index])];
        Folds = [new(learned, Places(_ => true))];

        HashSet<long> Others() => [.. EvenPick.Of(count, count).Where(place => !learned.Contains(place))];

        List<int> Places(Predicate<long> takes) => [.. Enumerable.Range(0, Judging.Count).Where(index => takes(Judging[index]))];
    }

    /// <summary>Places of the samples that judge, in order.</summary>
    public IReadOnlyList<long> Judging { get; }

    public IReadOnlyList<TrialFold> Folds { get; }
}
