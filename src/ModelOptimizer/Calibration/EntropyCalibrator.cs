namespace ModelOptimizer.Calibration;

/// <summary>
/// The range whose quantized distribution is closest to the original one by Kullback-Leibler divergence, where clipped numbers count for the
/// outermost bin (Migacz, "8-bit inference with TensorRT", GTC 2017). Exact zeros are left aside: every quantization represents them.
/// </summary>
internal sealed class EntropyCalibrator : HistogramCalibrator
{
    /// <summary>Ends tried on each side of zero.</summary>
    private const int Steps = 48;
    private const int Rounds = 2;

    /// <summary>A level that is empty where the original has numbers: nearly impossible, and not infinitely wrong.</summary>
    private const double Smallest = 1e-9;

    public override string Describe(RangeOptions options) => $"{Name}, {options.Bits} bits{(options.Symmetric ? ", symmetric" : "")}";

    internal override ValueRange Choose(Histogram histogram, RangeOptions options)
    {
        var levels = options.Bits < 16 ? 1 << options.Bits : int.MaxValue;
        var extremes = histogram.Extremes;
        var (first, last) = options.Symmetric
            ? (-Reach(histogram), Reach(histogram) - 1)
            : (Math.Min(0, histogram.First), Math.Max(-1, histogram.Last));
        // With a level for each bin nothing would ever be lost.
        if (last - first + 1 <= levels)
            return extremes;
        var distribution = Distribution(histogram, first, last);
        var (low, high) = options.Symmetric ? Symmetric(distribution, -first, levels) : Asymmetric(distribution, first, last, levels);
        return new ValueRange(
            low == first ? extremes.Low : Math.Max(extremes.Low, (float)(low * histogram.Width)),
            high == last ? extremes.High : Math.Min(extremes.High, (float)((high + 1) * histogram.Width)));
    }

    private static int Reach(Histogram histogram) => Math.Max(-histogram.First, histogram.Last + 1);

    private static double[] Distribution(Histogram histogram, int first, int last)
    {
        var counts = new double[last - first + 1];
        for (var bin = Math.Max(first, histogram.First); bin <= Math.Min(last, histogram.Last); bin++)
            counts[bin - first] = histogram[bin] - (bin == 0 ? histogram.Zeros : 0);
        return counts;
    }

    private static (int Low, int High) Symmetric(double[] counts, int reach, int levels)
    {
        var best = Best(reach, levels / 2, half => Divergence(counts, reach - half, reach + half, levels));
        return (-best, best - 1);
    }

    private static (int Low, int High) Asymmetric(double[] counts, int first, int last, int levels)
    {
        var (below, above) = (-first, last + 1);
        for (var round = 0; round < Rounds; round++)
        {
            var (left, right) = (below, above);
            above = Best(last + 1, Math.Max(0, levels - left), end => Divergence(counts, -first - left, -first + end, levels));
            right = above;
            below = Best(-first, Math.Max(0, levels - right), start => Divergence(counts, -first - start, -first + right, levels));
        }
        return (-below, above - 1);
    }

    /// <summary>The number of bins from <paramref name="fewest"/> to <paramref name="most"/> of the smallest divergence, the largest of equals.</summary>
    private static int Best(int most, int fewest, Func<int, double> divergence)
    {
        var best = (Bins: most, Divergence: double.PositiveInfinity);
        for (var i = 0; i <= Steps; i++)
        {
            var bins = most - (int)((long)(most - fewest) * i / Steps);
            if (bins >= fewest && bins > 0 && divergence(bins) is var found && found < best.Divergence)
                best = (bins, found);
        }
        return best.Bins;
    }

    /// <summary>How far the distribution quantized over a part of its bins is from it.</summary>
    /// <param name="counts">The whole distribution.</param>
    /// <param name="start">The first bin of the range.</param>
    /// <param name="end">The bin behind its last one.</param>
    private static double Divergence(ReadOnlySpan<double> counts, int start, int end, int levels)
    {
        var kept = counts[start..end];
        var (below, above) = (Sum(counts[..start]), Sum(counts[end..]));
        var (inside, total) = (Sum(kept), Sum(kept) + below + above);
        if (inside == 0)
            return total == 0 ? 0 : double.PositiveInfinity;
        var divergence = 0.0;
        for (var level = 0; level < levels; level++)
        {
            var from = (int)((long)kept.Length * level / levels);
            var to = (int)((long)kept.Length * (level + 1) / levels);
            var bins = kept[from..to];
            var filled = bins.Length - bins.Count(0.0);
            var quantized = filled == 0 ? Smallest : Math.Max(Smallest, Sum(bins) / filled / inside);
            for (var i = 0; i < bins.Length; i++)
            {
                var original = (bins[i] + (from + i == 0 ? below : 0) + (from + i == kept.Length - 1 ? above : 0)) / total;
                if (original > 0)
                    divergence += original * Math.Log(original / quantized);
            }
        }
        return divergence;
    }

    private static double Sum(ReadOnlySpan<double> numbers) => System.Numerics.Tensors.TensorPrimitives.Sum(numbers);
}
