namespace ModelOptimizer;

/// <summary>Work in portions that memory has room for.</summary>
internal static class Portions
{
    /// <summary>Things in order, as many at a time as fit together; one at least.</summary>
    /// <param name="size">What one takes.</param>
    /// <param name="held">What a portion may take.</param>
    public static IEnumerable<List<T>> Of<T>(IEnumerable<T> things, Func<T, long> size, long held)
    {
        var (portion, taken) = (new List<T>(), 0L);
        foreach (var thing in things)
        {
            var more = size(thing);
            if (taken + more > held && portion.Count > 0)
            {
                yield return portion;
                (portion, taken) = ([], 0);
            }
            portion.Add(thing);
            taken += more;
        }
        if (portion.Count > 0)
            yield return portion;
    }
}
