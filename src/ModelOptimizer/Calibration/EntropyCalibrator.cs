namespace ModelOptimizer.Calibration;

/// <summary>
/// The range whose quantized distribution is closest to the original one by Kullback-Leibler divergence, where clipped numbers count for the
/// outermost bin (Migacz, "8-bit inference with TensorRT", GTC 2017). Few numbers in many bins look far from any smooth distribution; what that
/// adds to the divergence is taken off (Miller, "Note on the bias of information estimates", 1955). Divergence does not see how far away the
/// clipped numbers lie: a range that makes a larger squared error than clipping nothing is never taken.
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
        var reach = Math.Max(-histogram.First, histogram.Last + 1);
        var (first, last) = options.Symmetric ? (-reach, reach - 1) : (Math.Min(0, histogram.First), Math.Max(-1, histogram.Last));
        // With a level for each bin nothing would ever be lost.
        if (last - first + 1 <= levels)
            return extremes;
        var search = new Search(histogram, options, first, last, levels);
        var (below, above) = options.Symmetric ? search.Symmetric(reach) : search.Asymmetric();
        return search.IsWorse(below, above) ? extremes : new ValueRange(
            below == -first ? extremes.Low : Math.Max(extremes.Low, (float)(-below * histogram.Width)),
            above == last + 1 ? extremes.High : Math.Min(extremes.High, (float)(above * histogram.Width)));
    }

    /// <summary>A search for the best numbers of bins below and above zero.</summary>
    private sealed class Search
    {
        private readonly double[] _all;
        private readonly double[] _withoutZeros;
        private readonly RangeOptions _options;
        private readonly double _width;
        private readonly int _first;
        private readonly int _last;
        private readonly int _levels;
        private readonly double _unclipped;

        public Search(Histogram histogram, RangeOptions options, int first, int last, int levels)
        {
            (_options, _width, _first, _last, _levels) = (options, histogram.Width, first, last, levels);
            _all = new double[last - first + 1];
            for (var bin = Math.Max(first, histogram.First); bin <= Math.Min(last, histogram.Last); bin++)
                _all[bin - first] = histogram[bin];
            _withoutZeros = [.. _all];
            // Every quantization represents zero.
            if (last >= 0)
                _withoutZeros[-first] -= histogram.Zeros;
            _unclipped = Error(-first, last + 1);
        }

        public (int Below, int Above) Symmetric(int reach)
        {
            var best = Best(reach, _levels / 2, half => Divergence(half, half));
            return (best, best);
        }

        public (int Below, int Above) Asymmetric()
        {
            var (below, above) = (-_first, _last + 1);
            for (var round = 0; round < Rounds; round++)
            {
                var left = below;
                above = Best(_last + 1, Math.Max(0, _levels - left), bins => Divergence(left, bins));
                var right = above;
                below = Best(-_first, Math.Max(0, _levels - right), bins => Divergence(bins, right));
            }
            return (below, above);
        }

        public bool IsWorse(int below, int above) => Error(below, above) > _unclipped;

        private double Error(int below, int above) =>
            QuantizationGrid.Of(-below * _width, above * _width, _options.Bits, _options.Symmetric).Error(_all, _first * _width, _width);

        /// <summary>The number of bins of the smallest divergence, the largest of equals.</summary>
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

        /// <summary>How far the distribution is from what is left of it when so many bins on either side of zero are quantized.</summary>
        private double Divergence(int below, int above)
        {
            if (IsWorse(below, above))
                return double.PositiveInfinity;
            ReadOnlySpan<double> counts = _withoutZeros;
            var (start, end) = (-_first - below, -_first + above);
            var kept = counts[start..end];
            var (clippedBelow, clippedAbove, inside) = (Sum(counts[..start]), Sum(counts[end..]), Sum(kept));
            var total = inside + clippedBelow + clippedAbove;
            if (inside == 0)
                return total == 0 ? 0 : double.PositiveInfinity;
            var (divergence, free) = (0.0, 0);
            for (var level = 0; level < _levels; level++)
            {
                var from = (int)((long)kept.Length * level / _levels);
                var to = (int)((long)kept.Length * (level + 1) / _levels);
                var bins = kept[from..to];
                var filled = bins.Length - bins.Count(0.0);
                free += Math.Max(0, filled - 1);
                var quantized = filled == 0 ? Smallest : Math.Max(Smallest, Sum(bins) / filled / inside);
                for (var i = 0; i < bins.Length; i++)
                {
                    var original = (bins[i] + (from + i == 0 ? clippedBelow : 0) + (from + i == kept.Length - 1 ? clippedAbove : 0)) / total;
                    if (original > 0)
                        divergence += original * Math.Log(original / quantized);
                }
            }
            return divergence - free / (2 * total);
        }

        private static double Sum(ReadOnlySpan<double> numbers) => System.Numerics.Tensors.TensorPrimitives.Sum(numbers);
    }
}
