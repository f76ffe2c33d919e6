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
    private readonly int _count;
    private double[] _before;
    private double[] _costs;

    /// <summary>Where the last cluster of a row begins, for each number of points.</summary>
    private readonly ushort[] _begins;

    private OptimalClusters(LinePoints points, int count)
    {
        (_points, _count) = (points, count);
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
        clusters.Fill();
        var begins = clusters.Trace();
        ArrayPool<ushort>.Shared.Return(clusters._begins);
        return begins;
    }

    private void Fill()
    {
        for (var end = 1; end <= _points.Count; end++)
            _costs[end] = _points.Cost(0, end);
        _begins.AsSpan(0, _points.Count + 1).Clear();
        for (var row = 1; row < _count; row++)
        {
            (_before, _costs) = (_costs, _before);
            FillRow(row, row + 1, LastEnd(row), row, _points.Count - 1);
        }
    }

    /// <summary>The most points that a row is asked for: each cluster that is still to come takes one.</summary>
    private int LastEnd(int row) => _points.Count - (_count - 1 - row);

    /// <summary>The costs of <paramref name="row"/> + 1 clusters for from <paramref name="low"/> to <paramref name="high"/> points.</summary>
    private void FillRow(int row, int low, int high, int firstBegin, int lastBegin)
    {
        if (low > high)
            return;
        var (end, width) = ((low + high) / 2, _points.Count + 1);
        var last = Math.Min(lastBegin, end - 1);
        // Of one cluster more, or of more points, the last begins no earlier either.
        var first = Math.Max(firstBegin, Math.Min(last, _begins[(row - 1) * width + Math.Min(end, LastEnd(row - 1))]));
        var (best, least) = _points.BestBegin(_before, first, last, end);
        _costs[end] = least;
        _begins[row * width + end] = (ushort)best;
        FillRow(row, low, end - 1, firstBegin, best);
        FillRow(row, end + 1, high, best, lastBegin);
    }

    private int[] Trace()
    {
        var begins = new int[_count];
        for (var (row, end) = (_count - 1, _points.Count); row > 0; end = begins[row], row--)
            begins[row] = _begins[row * (_points.Count + 1) + end];
        return begins;
    }
}
