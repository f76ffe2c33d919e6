namespace ModelOptimizer.Passes;

/// <summary>Why a pass left everything alone, short enough for a message; the report has it in full.</summary>
internal static class RefusalSummary
{
    private const int MostReasons = 2;

    /// <summary>
    /// The most frequent reasons with how often each was given. Advice behind a semicolon is left out, and what differs from place to place,
    /// which follows a colon.
    /// </summary>
    public static string Of(IReadOnlyCollection<string> refusals)
    {
        if (refusals.Count == 0)
            return "no weight in the model is of its kind and size";
        var reasons = refusals.Select(why => Before(why, "; ")).GroupBy(why => Before(why, ": ")).OrderByDescending(alike => alike.Count()).ToList();
        var told = reasons.Take(MostReasons).Select(alike => $"{alike.Count()} × {(alike.Distinct().Count() == 1 ? alike.First() : alike.Key)}");
        var others = reasons.Skip(MostReasons).Sum(alike => alike.Count());
        return string.Join("; ", others > 0 ? told.Append($"{others} × something else") : told);
    }

    private static string Before(string text, string end) => text.IndexOf(end, StringComparison.Ordinal) is > 0 and var at ? text[..at] : text;
}
