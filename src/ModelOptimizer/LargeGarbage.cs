namespace ModelOptimizer;

/// <summary>Large arrays that nobody reads any more.</summary>
internal static class LargeGarbage
{
    /// <summary>A smaller heap is left to the collector.</summary>
    private const long Worthwhile = 1 << 26;

    /// <summary>
    /// Gives their memory back where a step that needed much of it is over and another begins: the collector would let them lie beside the new ones
    /// until these are as many. Takes some milliseconds, as few small objects are alive beside numbers.
    /// </summary>
    public static void Collect()
    {
        if (GC.GetTotalMemory(forceFullCollection: false) >= Worthwhile)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
