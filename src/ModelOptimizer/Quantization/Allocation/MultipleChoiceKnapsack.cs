namespace ModelOptimizer.Quantization;

/// <summary>
/// Chooses a way to store each of several things so that all fit and their errors add up to the least: the multiple-choice knapsack problem.
/// Its linear relaxation, greedy along convex hulls (Sinha and Zoltners, "The Multiple-Choice Knapsack Problem", Operations Research 1979), gives a
/// first answer and the price of a byte; a dynamic program over undominated partial answers, cut by the Lagrangian bound at that price, the best
/// one. When more partial answers than <see cref="MaxStates"/> are alive, those of the lowest bounds are kept, and the answer tells its gap.
/// </summary>
/// <param name="groups">The choices of each thing; one at least with a finite error.</param>
internal sealed class MultipleChoiceKnapsack(IEnumerable<IReadOnlyList<StorageChoice>> groups)
{
    private readonly ChoiceHull[] _groups = [.. groups.Select(choices => new ChoiceHull(choices))];

    /// <summary>Partial answers that are followed at once.</summary>
    public int MaxStates { get; init; } = 1 << 14;

    /// <summary>What they take at least.</summary>
    public long SmallestBytes => _groups.Sum(group => group.Contenders[0].Bytes);

    /// <summary>Where the linear relaxation turns: the least error at these sizes, from small to large.</summary>
    public IEnumerable<(long Bytes, double Error)> Turns()
    {
        var (bytes, taken) = (SmallestBytes, new int[_groups.Length]);
        yield return (bytes, Error(taken));
        foreach (var step in Steps())
        {
            taken[step.Group] = step.To;
            // Added up anew: differences would leave a residue where nothing is left.
            yield return (bytes += step.Bytes, Error(taken));
        }
    }

    /// <returns>Null when not even the smallest choices fit.</returns>
    public Allocation? Solve(long capacity)
    {
        if (SmallestBytes > capacity)
            return null;
        var (first, price) = Greedy(capacity);
        return price == 0 ? Answer(first, Error(first)) : Improve(first, price, capacity);
    }

    /// <summary>Takes steps along the hulls, the most worthwhile first, and then whatever still fits.</summary>
    /// <returns>By thing: the contender; and the error saved by a byte of the first step that did not fit, 0 when all did.</returns>
    private (int[] Taken, double Price) Greedy(long capacity)
    {
        var (taken, left, price) = (new int[_groups.Length], capacity - SmallestBytes, 0.0);
        foreach (var step in Steps())
            if (step.Bytes > left)
            {
                price = step.Saved / step.Bytes;
                break;
            }
            else
            {
                left -= step.Bytes;
                taken[step.Group] = step.To;
            }
        while (price > 0 && Filler(taken, left) is var (group, to) && group >= 0)
        {
            left -= _groups[group].Contenders[to].Bytes - _groups[group].Contenders[taken[group]].Bytes;
            taken[group] = to;
        }
        return (taken, price);
    }

    private IEnumerable<(int Group, int To, long Bytes, double Saved)> Steps() =>
        _groups.SelectMany((group, g) => group.Steps.Zip(group.Steps.Skip(1), (from, to) =>
            (Group: g, To: IndexOf(group, to), Bytes: to.Bytes - from.Bytes, Saved: from.Error - to.Error)))
            // Stable: of equals the first thing stays first.
            .OrderByDescending(step => step.Saved / step.Bytes);

    private static int IndexOf(ChoiceHull group, Contender contender) =>
        group.Contenders.TakeWhile(other => other != contender).Count();

    /// <summary>What saves most in the bytes that are left; group −1 when nothing fits.</summary>
    private (int Group, int To) Filler(int[] taken, long left)
    {
        var (best, saved) = ((Group: -1, To: 0), 0.0);
        for (var g = 0; g < taken.Length; g++)
        {
            var (contenders, now) = (_groups[g].Contenders, _groups[g].Contenders[taken[g]]);
            for (var i = taken[g] + 1; i < contenders.Count && contenders[i].Bytes - now.Bytes <= left; i++)
                if (now.Error - contenders[i].Error > saved)
                    (best, saved) = ((g, i), now.Error - contenders[i].Error);
        }
        return best;
    }

    private Allocation Improve(int[] first, double price, long capacity)
    {
        var program = new PricedProgram(_groups, price, capacity, Error(first), MaxStates);
        return program.Best() is { } better ? Answer(better, program.Bound) : Answer(first, Math.Min(program.Bound, Error(first)));
    }

    private double Error(int[] taken) => taken.Select((to, g) => _groups[g].Contenders[to].Error).Sum();

    private Allocation Answer(int[] taken, double bound)
    {
        var (chosen, error) = (taken.Select((to, g) => _groups[g].Contenders[to]).ToList(), Error(taken));
        return new Allocation([.. chosen.Select(choice => choice.Index)], chosen.Sum(choice => choice.Bytes), error, Math.Min(bound, error));
    }
}
