namespace ModelOptimizer.Quantization;

/// <summary>
/// The dynamic program behind <see cref="MultipleChoiceKnapsack"/>. With a byte at the price λ, a choice costs error + λ · bytes, and each thing has
/// a cheapest one: Σ cheapest − λ · capacity is a bound from below of every answer (Lagrange), and whatever costs more adds to it.
/// </summary>
/// <param name="known">The error of an answer that is known; only better ones are looked for.</param>
internal sealed class PricedProgram(IReadOnlyList<ChoiceHull> groups, double price, long capacity, double known, int maxStates)
{
    /// <summary>Better by a smaller share than this is not better.</summary>
    private const double Precision = 1e-9;

    private readonly double _limit = known * (1 - Precision);
    private readonly List<State[]> _stages = [];

    /// <summary>No answer has a smaller error.</summary>
    public double Bound { get; private set; } = known;

    /// <returns>By thing: the contender of the best answer; null when none is better than the known one.</returns>
    public int[]? Best()
    {
        var cheapest = groups.Select(group => group.Contenders.Min(Cost)).ToList();
        var root = cheapest.Sum() - price * capacity;
        var smallest = SmallestRests();
        State[] states = [new State(0, 0, root, -1, -1)];
        for (var g = 0; g < groups.Count; g++)
        {
            states = Keep(Extend(states, g, cheapest[g], capacity - smallest[g + 1]));
            if (states.Length == 0)
                return null;
            _stages.Add(states);
        }
        var best = Enumerable.Range(0, states.Length).MinBy(i => states[i].Error);
        if (states[best].Error >= _limit)
            return null;
        Bound = Math.Min(Bound, states[best].Error);
        return Trace(best);
    }

    private double Cost(Contender choice) => choice.Error + price * choice.Bytes;

    private long[] SmallestRests()
    {
        var rests = new long[groups.Count + 1];
        for (var g = groups.Count - 1; g >= 0; g--)
            rests[g] = rests[g + 1] + groups[g].Contenders[0].Bytes;
        return rests;
    }

    private IEnumerable<State> Extend(State[] states, int group, double cheapest, long most)
    {
        var contenders = groups[group].Contenders;
        for (var i = 0; i < contenders.Count; i++)
        {
            var (choice, extra) = (contenders[i], Math.Max(0, Cost(contenders[i]) - cheapest));
            for (var s = 0; s < states.Length; s++)
                if (states[s].Bytes + choice.Bytes <= most && states[s].Bound + extra < _limit)
                    yield return new State(states[s].Bytes + choice.Bytes, states[s].Error + choice.Error, states[s].Bound + extra, s, i);
        }
    }

    /// <summary>Those that none beats in bytes and error; of too many those of the lowest bounds.</summary>
    private State[] Keep(IEnumerable<State> states)
    {
        var kept = new List<State>();
        foreach (var next in states.OrderBy(state => state.Bytes).ThenBy(state => state.Error))
            if (kept.Count == 0 || next.Error < kept[^1].Error)
                kept.Add(next);
        if (kept.Count <= maxStates)
            return [.. kept];
        var byBound = kept.OrderBy(state => state.Bound).ToList();
        Bound = Math.Min(Bound, byBound[maxStates].Bound);
        return [.. byBound.Take(maxStates)];
    }

    private int[] Trace(int last)
    {
        var taken = new int[groups.Count];
        for (var (g, s) = (groups.Count - 1, last); g >= 0; g--)
            (taken[g], s) = (_stages[g][s].Choice, _stages[g][s].Parent);
        return taken;
    }

    /// <summary>An answer for the first things.</summary>
    /// <param name="Bound">What every answer that begins so has at least.</param>
    private readonly record struct State(long Bytes, double Error, double Bound, int Parent, int Choice);
}
