namespace ModelOptimizer.Calibration;

/// <summary>A calibrator that chooses a range from how often numbers occur.</summary>
internal abstract class HistogramCalibrator : Calibrator
{
    internal sealed override RangeCollector Collect(RangeOptions options, int bins) => new Counts(this, options, bins);

    /// <summary>The range that it finds best.</summary>
    /// <param name="histogram">At least one number.</param>
    internal abstract ValueRange Choose(Histogram histogram, RangeOptions options);

    private sealed class Counts(HistogramCalibrator calibrator, RangeOptions options, int bins) : RangeCollector
    {
        private readonly Histogram _histogram = new(bins);

        /// <summary>Of numbers that could not be counted only the extremes are known; they are not clipped.</summary>
        private ValueRange _uncounted = ValueRange.Empty;

        public override ValueRange? Range
        {
            get
            {
                if (_histogram.Total == 0)
                    return _uncounted.IsEmpty ? null : _uncounted;
                var chosen = calibrator.Choose(_histogram, options);
                return _uncounted.IsEmpty ? chosen : chosen.Join(_uncounted);
            }
        }

        public override bool NeedsElements => true;

        public override void Add(ReadOnlySpan<float> elements, ValueRange extremes) => _histogram.Add(elements, extremes);

        public override void AddExtremes(ValueRange extremes) => _uncounted = _uncounted.Join(extremes);

        public override void Merge(RangeCollector later)
        {
            var other = (Counts)later;
            _histogram.Merge(other._histogram);
            _uncounted = _uncounted.Join(other._uncounted);
        }
    }
}
