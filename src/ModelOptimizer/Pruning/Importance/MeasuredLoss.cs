namespace ModelOptimizer.Pruning;

/// <summary>What outputs of the model miss without units, measured: one by one, or where there are many, neighbours in order of importance together.</summary>
internal static class MeasuredLoss
{
    /// <summary>Measurements of a group.</summary>
    private const int Most = 32;

    /// <param name="order">All units, the least important first.</param>
    /// <returns>By unit: its share of what was measured.</returns>
    public static double[] Of(PruningGroup group, IReadOnlyList<int> order, PruningTrials trials)
    {
        var losses = new double[group.Units];
        var size = (group.Units + Most - 1) / Most;
        foreach (var some in order.Chunk(size))
        {
            var loss = trials.Error(some.Select(unit => group.Classes[unit])) / some.Length;
            foreach (var unit in some)
                losses[unit] = loss;
        }
        return losses;
    }
}
