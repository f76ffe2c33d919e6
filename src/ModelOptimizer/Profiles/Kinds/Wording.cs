namespace ModelOptimizer.Profiles;

/// <summary>Small turns of phrase that messages share.</summary>
internal static class Wording
{
    /// <summary>"2, 4 or 8".</summary>
    public static string Or(IEnumerable<string> choices)
    {
        var all = choices.ToList();
        return all.Count < 2 ? string.Concat(all) : $"{string.Join(", ", all[..^1])} or {all[^1]}";
    }
}
