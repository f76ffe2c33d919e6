namespace ModelOptimizer.Calibration;

/// <summary>From the smallest to the largest number seen.</summary>
internal sealed class MinMaxCalibrator : Calibrator
{
    internal override RangeCollector Collect(RangeOptions options, int bins) => new Extremes();

    private sealed class Extremes : RangeCollector
    {
        private ValueRange _seen = ValueRange.Empty;

        public override ValueRange? Range => _seen.IsEmpty ? null : _seen;

        public override void AddExtremes(ValueRange extremes) => _seen = _seen.Join(extremes);

        public override void Merge(RangeCollector later) => AddExtremes(((Extremes)later)._seen);
    }
}
