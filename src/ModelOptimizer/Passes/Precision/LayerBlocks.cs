namespace ModelOptimizer.Passes;

/// <summary>
/// Finds the blocks that a network is made of: a sequence of layers whose shapes come again and again, such as the four projections of attention
/// and the two of the feed-forward network.
/// </summary>
internal static class LayerBlocks
{
    /// <param name="shapes">Depth and channels of the layers, in order of execution.</param>
    /// <returns>The places of the layers up to the end of the first block, and from the start of the last; of the outermost layers where nothing repeats.</returns>
    public static IEnumerable<int> FirstAndLast(IReadOnlyList<(long Depth, long Channels)> shapes)
    {
        var (start, period, blocks) = Longest(shapes);
        var end = start + period * blocks;
        return Enumerable.Range(0, shapes.Count).Where(i => i < start + period || i >= end - period);
    }

    /// <summary>The repetition that covers most layers, of the shortest blocks; one layer a block, first to last, where nothing repeats.</summary>
    private static (int Start, int Period, int Blocks) Longest(IReadOnlyList<(long Depth, long Channels)> shapes)
    {
        var best = (Start: 0, Period: 1, Blocks: 1);
        for (var period = 1; period <= shapes.Count / 2; period++)
            for (var start = 0; start + 2 * period <= shapes.Count;)
            {
                var run = Run(shapes, start, period);
                var blocks = 1 + run / period;
                if (blocks > 1 && blocks * period > Covered(best))
                    best = (start, period, blocks);
                start += run + 1;
            }
        return best.Blocks > 1 ? best : (0, 1, shapes.Count);
    }

    private static int Covered((int Start, int Period, int Blocks) repetition) => repetition.Blocks > 1 ? repetition.Period * repetition.Blocks : 0;

    /// <summary>How many layers from <paramref name="start"/> on have the shape of the one a period later.</summary>
    private static int Run(IReadOnlyList<(long Depth, long Channels)> shapes, int start, int period)
    {
        var run = 0;
        while (start + run + period < shapes.Count && shapes[start + run] == shapes[start + run + period])
            run++;
        return run;
    }
}
