using System.Buffers;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class OptimalClustersTests
{
    /// <summary>Against the dynamic program that looks at every place for every cluster.</summary>
    [Test]
    public void No_other_split_costs_less([Values(2, 7, 32, 200)] int count, [Values] bool keepsZero, [Values] bool skewed)
    {
        var points = Points(count, keepsZero, skewed);

        var begins = OptimalClusters.Split(points, count);

        Assert.That(begins, Has.Length.EqualTo(Math.Min(count, points.Count)));
        Assert.That(begins, Is.Ordered.And.Unique);
        var cost = begins.Select((begin, i) => points.Cost(begin, i + 1 < begins.Length ? begins[i + 1] : points.Count)).Sum();
        Assert.That(cost, Is.EqualTo(Least(points, count)).Within(1e-9).Percent);
    }

    /// <summary>Memory for the search is lent, and nobody clears it.</summary>
    [Test]
    public void Nothing_is_read_of_a_search_before([Values(3, 7, 32)] int count)
    {
        var points = Points(count, keepsZero: false, skewed: false);
        var begins = OptimalClusters.Split(points, count);
        var lent = ArrayPool<ushort>.Shared.Rent(count * (points.Count + 1));
        Array.Fill(lent, ushort.MaxValue);
        ArrayPool<ushort>.Shared.Return(lent);

        Assert.That(OptimalClusters.Split(points, count), Is.EqualTo(begins));
    }

    private static LinePoints Points(int seed, bool keepsZero, bool skewed)
    {
        var numbers = Weights.Random(400, seed).Select((weight, i) => keepsZero && i % 4 == 0 ? 0 : skewed ? MathF.Exp(weight) : weight);
        return LinePoints.Of([.. numbers.Order()], limit: 500, keepsZero);
    }

    private static double Least(LinePoints points, int count)
    {
        var costs = Enumerable.Range(0, points.Count + 1).Select(end => end == 0 ? 0 : points.Cost(0, end)).ToArray();
        for (var clusters = 1; clusters < count; clusters++)
            costs = [.. costs.Select((_, end) => end == 0 ? 0 : Enumerable.Range(0, end).Min(begin => costs[begin] + points.Cost(begin, end)))];
        return costs[^1];
    }
}
