using System.Buffers;

namespace ModelOptimizer.Quantization;

/// <summary>
/// Splits points on a line into clusters with the least sum of squared distances of numbers to centres, exactly: a dynamic program over the
/// number of clusters and the points before a place. As the best beginning of the last cluster never moves back when points are added, each row
/// takes O(points · log points) by divide and conquer (Grønlund et al. 2017, "Fast exact k-means, k-medians and Bregman divergence clustering in
/// 1D"). That holds too where the cluster with zero has zero for its centre.
/// </summary>
internal sealed class OptimalClusters
{
    private readonly LinePoints _points;
    private double[] _before;
    private double[] _costs;

    /// <summary>Where the last cluster of a row begins, for each number of points.</summary>
    private readonly ushort[] _begins;

    private OptimalClusters(LinePoints points, int count)
    {
        _points = points;
        (_before, _costs) = (new double[points.Count + 1], new double[points.Count + 1]);
        _begins = ArrayPool<ushort>.Shared.Rent(count * (points.Count + 1));
    }

    /// <returns>The points that clusters begin at, in order. As many as asked for, or as there are points.</returns>
    public static int[] Split(LinePoints points, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(points.Count, ushort.MaxValue);
        if (points.Count <= count)
            return [.. Enumerable.Range(0, points.Count)];
        var clusters = new OptimalClusters(points, count);
        clusters.Fill(count);
        var begins = clusters.Trace(count);
        ArrayPool<ushort>.Shared.Return(clusters._begins);
        return begins;
    }

    private void Fill(int count)
    {
        for (var end = 1; end <= _points.Count; end++)
            _costs[end] = _points.Cost(0, end);
        for (var row = 1; row < count; row++)
        {
            (_before, _costs) = (_costs, _before);
            FillRow(row, row + 1, _points.Count, row, _points.Count - 1);
        }
    }

    /// <summary>The costs of <paramref name="row"/> + 1 clusters for from <paramref name="low"/> to <paramref name="high"/> points.</summary>
    private void FillRow(int row, int low, int high, int firstBegin, int lastBegin)
    {
        if (low > high)
            return;
        var end = (low + high) / 2;
        var (best, least) = (firstBegin, double.PositiveInfinity);
        for (var begin = firstBegin; begin <= Math.Min(lastBegin, end - 1); begin++)
            if (_before[begin] + _points.Cost(begin, end) is var cost && cost < least)
                (best, least) = (begin, cost);
        _costs[end] = least;
        _begins[row * (_points.Count + 1) + end] = (ushort)best;
        FillRow(row, low, end - 1, firstBegin, best);
        FillRow(row, end + 1, high, best, lastBegin);
    }

    private int[] Trace(int count)
    {
        var begins = new int[count];
        for (var (row, end) = (count - 1, _points.Count); row > 0; end = begins[row], row--)
            begins[row] = _begins[row * (_points.Count + 1) + end];
        return begins;
    }
}
