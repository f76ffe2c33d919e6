namespace ModelOptimizer.Diagnostics;

/// <summary>"Did you mean": the known name that a misspelled one is close to.</summary>
public static class Suggestion
{
    /// <summary>The closest of the known names, or null when none is close enough to be meant.</summary>
    public static string? For(string unknown, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(unknown);
        var allowed = Math.Max(1, unknown.Length / 3);
        return known.Select(name => (Name: name, Distance: Distance(unknown.ToUpperInvariant(), name.ToUpperInvariant())))
            .Where(candidate => candidate.Distance <= allowed)
            .OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .FirstOrDefault().Name;
    }

    /// <summary>A sentence's end: <c>; did you mean 'labels'?</c>, or nothing.</summary>
    public static string Clause(string unknown, IEnumerable<string> known) =>
        For(unknown, known) is { } name ? $"; did you mean '{name}'?" : "";

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that lead from one to the other (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            for (var j = 0; j <= b.Length; j++)
                cost[i, j] = i == 0 || j == 0 ? i + j : Cheapest(a, b, i, j, cost);
        return cost[a.Length, b.Length];
    }

    private static int Cheapest(string a, string b, int i, int j, int[,] cost)
    {
        var replace = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
        var best = Math.Min(replace, 1 + Math.Min(cost[i - 1, j], cost[i, j - 1]));
        var isSwap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
        return isSwap ? Math.Min(best, cost[i - 2, j - 2] + 1) : best;
    }
}
