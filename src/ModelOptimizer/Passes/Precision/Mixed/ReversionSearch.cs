namespace ModelOptimizer.Passes.Mixed;

/// <summary>
/// Finds few items to give up so that a goal holds, in a ranking by harm: first the shortest prefix, by steps of doubling length from a guess on,
/// up or down, and bisection between the last two; then what of it is not needed after all, by halves.
/// </summary>
internal static class ReversionSearch
{
    /// <param name="guess">The length to try first, from 1. A good one needs two tries.</param>
    /// <param name="count">The length of the whole ranking, at which the goal holds; at 0 it fails.</param>
    /// <param name="holds">Whether it holds with the first so many given up.</param>
    /// <returns>A length at which it holds and below which, by one, it does not.</returns>
    public static int ShortestPrefix(int guess, int count, Func<int, bool> holds)
    {
        var (failing, holding) = (0, count);
        if (guess >= count || holds(guess))
        {
            holding = Math.Min(guess, count);
            for (var step = 1; failing < holding - step; step *= 2)
                if (holds(holding - step))
                    holding -= step;
                else
                    failing = holding - step;
        }
        else
        {
            failing = guess;
            for (var step = 1; failing + step < holding; step *= 2)
                if (holds(failing + step))
                    holding = failing + step;
                else
                    failing += step;
        }
        while (holding - failing > 1)
        {
            var middle = failing + (holding - failing) / 2;
            (failing, holding) = holds(middle) ? (failing, middle) : (middle, holding);
        }
        return holding;
    }

    /// <summary>Takes back what need not be given up, the least harmful first.</summary>
    /// <param name="given">With all of these given up the goal holds; the most harmful first.</param>
    /// <param name="holds">Whether it holds with just these given up.</param>
    /// <returns>Of which none can be taken back alone, as tried.</returns>
    public static IReadOnlyList<T> TakeBack<T>(IReadOnlyList<T> given, Func<IReadOnlyList<T>, bool> holds)
    {
        var kept = given;
        Halve(0, given.Count);
        return kept;

        // Back halves first: they do the least harm. All at once is known to fail.
        void Halve(int from, int to)
        {
            if (to - from < 2)
                return;
            var middle = from + (to - from) / 2;
            Try(middle, to);
            Try(from, middle);
        }

        void Try(int from, int to)
        {
            var part = given.Skip(from).Take(to - from).ToHashSet();
            var without = kept.Where(item => !part.Contains(item)).ToList();
            if (holds(without))
                kept = without;
            else
                Halve(from, to);
        }
    }
}
