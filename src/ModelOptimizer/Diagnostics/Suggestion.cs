using ModelOptimizer.Passes;

namespace ModelOptimizer.Diagnostics;

/// <summary>"Did you mean": the known name that a misspelt one is close to.</summary>
public static class Suggestion
{
    /// <summary>The closest of the known names, or null when none is close enough to be meant.</summary>
    public static string? For(string unknown, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(unknown);
        var meant = Normalize(unknown);
        // Two slips in a word of three letters make another word.
        var allowed = meant.Length <= 3 ? 1 : 2;
        return known.Select(name => (Name: name, Distance: Distance(meant, Normalize(name))))
            .Where(candidate => candidate.Distance <= allowed)
            .OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
            .FirstOrDefault().Name;
    }

    /// <summary>A sentence's end: <c>; did you mean 'labels'?</c>, or nothing.</summary>
    public static string Clause(string unknown, IEnumerable<string> known) =>
        For(unknown, known) is { } name ? $"; did you mean '{name}'?" : "";

    /// <summary>A sentence's end that always helps: the name meant, or all there are.</summary>
    public static string ClauseOrList(string unknown, IReadOnlyCollection<string> known) =>
        For(unknown, known) is { } name ? $"; did you mean '{name}'?" : $"; there are {string.Join(", ", known)}";

    // perChannel, per_channel and PER-CHANNEL all mean per-channel.
    private static string Normalize(string name) => PassNames.ToKebabCase(name.Replace('_', '-'));

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
