namespace ModelOptimizer.Evaluation.Data;

/// <summary>Picks some of many, evenly: data is often sorted by class.</summary>
internal static class EvenPick
{
    /// <summary>Indices in order: of as many equal stretches as are wanted, the middle of each; all where no more are there.</summary>
    public static IEnumerable<int> Of(int count, int wanted)
    {
        var size = Math.Min(wanted, count);
        for (var i = 0; i < size; i++)
            yield return (int)((2L * i + 1) * count / (2L * size));
    }
}
