namespace ModelOptimizer.Evaluation.Data;

/// <summary>Picks some of many, evenly: data is often sorted by class.</summary>
internal static class EvenPick
{
    /// <summary>Indices in order: of as many equal stretches as are wanted, the middle of each; all where no more are there.</summary>
    public static IEnumerable<long> Of(long count, long wanted)
    {
        var size = Math.Min(wanted, count);
        for (var i = 0L; i < size; i++)
            yield return (2 * i + 1) * count / (2 * size);
    }
}
