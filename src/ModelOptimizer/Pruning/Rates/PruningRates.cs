using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Chooses how many units of each group go so that the model takes no more than it may and outputs miss the least: what groups cost is measured one
/// by one and added up, a multiple-choice knapsack.
/// </summary>
/// <param name="groups">The groups.</param>
/// <param name="ranked">By group: units in the order in which they go.</param>
/// <param name="count">How many units of a group go at a rate.</param>
internal sealed class PruningRates(IReadOnlyList<PruningGroup> groups, IReadOnlyList<IReadOnlyList<int>> ranked, Func<PruningGroup, double, int> count)
{
    /// <summary>The most of a group that goes.</summary>
    public const double Most = 0.75;

    /// <summary>Steps of the search for what sums of savings have to be: what groups save together is less than its sum.</summary>
    private const int Steps = 24;

    /// <summary>Savings are counted in so many parts of the whole.</summary>
    private const long Resolution = 1 << 20;

    private readonly List<List<Rate>> _rates = [];

    /// <summary>Measures what each group costs at some rates.</summary>
    public void Measure(PruningTrials trials, PruningCost cost)
    {
        var whole = cost.Of(new HashSet<int>());
        var grid = groups.Count <= 24 ? new[] { 0.125, 0.25, 0.375, 0.5, 0.625, Most } : groups.Count <= 64 ? [0.125, 0.25, 0.5, Most] : [0.25, 0.5, Most];
        foreach (var (group, order) in groups.Zip(ranked))
        {
            var rates = new List<Rate> { new(0, 0, 0) };
            foreach (var units in grid.Select(rate => Math.Min(count(group, rate), order.Count)).Where(units => units > 0).Distinct())
            {
                var removed = Removed(group, order, units);
                // More that goes never costs less but by luck.
                rates.Add(new(units, whole - cost.Of(removed), Math.Max(trials.Error(removed), rates[^1].Error)));
            }
            _rates.Add(rates);
        }
    }

    /// <summary>The least that the model could take.</summary>
    public double Smallest(PruningCost cost) => cost.Of(Removed([.. _rates.Select(rates => rates.Count - 1)]));

    /// <returns>By group: how many units go; null where that would be more than outputs can tell about.</returns>
    public IReadOnlyList<int>? Choose(PruningCost cost, double target)
    {
        var whole = cost.Of(new HashSet<int>());
        if (whole <= target)
            return [.. groups.Select(_ => 0)];
        // The sum of savings that is asked for: too little at the low end, enough at the high end.
        var (low, high) = (0.0, _rates.Sum(rates => rates.Max(rate => rate.Saved)));
        List<int>? best = null;
        for (var step = 0; step < Steps; step++)
        {
            var middle = (low + high) / 2;
            var chosen = Solve(middle, whole);
            if (chosen is not null && cost.Of(Removed(chosen)) <= target)
                (best, high) = (chosen, middle);
            else
                low = middle;
        }
        return best is null ? null : [.. _rates.Zip(best, (rates, choice) => rates[choice].Units)];
    }

    /// <returns>By group the rate; null when no choices save so much.</returns>
    private List<int>? Solve(double saved, double whole)
    {
        var parts = _rates.ConvertAll(rates => (Most: rates.Max(rate => rate.Saved), Rates: rates));
        var knapsack = new MultipleChoiceKnapsack(parts.Select(part =>
            part.Rates.Select(rate => new StorageChoice((long)Parts(part.Most - rate.Saved), rate.Error)).ToList()));
        // What rounding adds here the whole is measured without.
        return knapsack.Solve((long)Math.Ceiling(Parts(parts.Sum(part => part.Most) - saved)))?.Chosen.ToList();

        double Parts(double amount) => Math.Max(0, amount) / whole * Resolution;
    }

    private HashSet<int> Removed(List<int> choices)
    {
        var removed = new HashSet<int>();
        for (var i = 0; i < choices.Count; i++)
            removed.UnionWith(Removed(groups[i], ranked[i], _rates[i][choices[i]].Units));
        return removed;
    }

    private static HashSet<int> Removed(PruningGroup group, IReadOnlyList<int> order, int units) =>
        [.. order.Take(units).Select(unit => group.Classes[unit])];

    /// <param name="Units">How many go.</param>
    /// <param name="Saved">What the model takes less for it, had it all else.</param>
    /// <param name="Error">What outputs miss, noise over signal.</param>
    private sealed record Rate(int Units, double Saved, double Error);
}
