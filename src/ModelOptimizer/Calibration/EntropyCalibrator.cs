namespace ModelOptimizer.Calibration;

/// <summary>
/// The range whose quantized distribution is closest to the original one by Kullback-Leibler divergence (Migacz, "8-bit inference with TensorRT",
/// GTC 2017). Divergence does not see how far away the clipped numbers lie: a range that makes a larger squared error than clipping nothing is
/// never taken.
/// </summary>
internal sealed class EntropyCalibrator : HistogramCalibrator
{
    /// <summary>Ends tried on each side of zero.</summary>
    private const int Steps = 48;
    private const int Rounds = 2;

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
        private readonly BinnedDivergence _divergence;
        private readonly BinnedError _error;
        private readonly RangeOptions _options;
        private readonly double _width;
        private readonly int _first;
        private readonly int _last;
        private readonly int _levels;
        private readonly double _unclipped;

        public Search(Histogram histogram, RangeOptions options, int first, int last, int levels)
        {
            (_options, _width, _first, _last, _levels) = (options, histogram.Width, first, last, levels);
            var counts = histogram.ToArray(first, last);
            _error = new BinnedError([.. counts], first, _width);
            _unclipped = Error(-first, last + 1);
            // Every quantization represents zero.
            if (last >= 0)
                counts[-first] -= histogram.Zeros;
            _divergence = new BinnedDivergence(counts, levels);
        }

        public (int Below, int Above) Symmetric(int reach)
        {
            var best = Best(reach, _levels / 2, half => (half, half));
            return (best, best);
        }

        public (int Below, int Above) Asymmetric()
        {
            var (below, above) = (-_first, _last + 1);
            for (var round = 0; round < Rounds; round++)
            {
                var left = below;
                above = Best(_last + 1, Math.Max(0, _levels - left), bins => (left, bins));
                var right = above;
                below = Best(-_first, Math.Max(0, _levels - right), bins => (bins, right));
                if (below == left)
                    break;
            }
            return (below, above);
        }

        public bool IsWorse(int below, int above) => Error(below, above) > _unclipped;

        private double Error(int below, int above) => _error.Of(QuantizationGrid.Of(-below * _width, above * _width, _options.Bits, _options.Symmetric));

        /// <summary>The number of bins of the smallest divergence, the largest of equals.</summary>
        private int Best(int most, int fewest, Func<int, (int Below, int Above)> ends)
        {
            var best = (Bins: most, Divergence: double.PositiveInfinity);
            for (var i = 0; i <= Steps; i++)
            {
                var bins = most - (int)((long)(most - fewest) * i / Steps);
                if (bins < fewest || bins <= 0)
                    continue;
                var (below, above) = ends(bins);
                var found = _divergence.Of(-_first - below, -_first + above);
                if (found < best.Divergence && !IsWorse(below, above))
                    best = (bins, found);
            }
            return best.Bins;
        }
    }
}
