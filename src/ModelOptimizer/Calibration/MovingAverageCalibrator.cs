using System.Globalization;

namespace ModelOptimizer.Calibration;

/// <summary>
/// The means of each sample's smallest and largest number, so that one strange sample counts little: at first the plain mean, later an
/// exponential moving average (Jacob et al., arXiv:1712.05877, section 3.1).
/// </summary>
internal sealed class MovingAverageCalibrator : Calibrator
{
    public override string Describe(RangeOptions options) =>
        string.Create(CultureInfo.InvariantCulture, $"{Name}, averaging-constant {options.AveragingConstant}");

    internal override RangeCollector Collect(RangeOptions options, int bins) => new Average(options.AveragingConstant);

    private sealed class Average(double constant) : RangeCollector
    {
        private long _samples;
        private double _low = double.PositiveInfinity;
        private double _high = double.NegativeInfinity;

        public override ValueRange? Range => _samples == 0 ? null : new ValueRange((float)_low, (float)_high);

        /// <summary>What came later counts more.</summary>
        public override bool IsOrderFree => false;

        /// <summary>All elements that one collector sees directly are of one sample: its extremes are joined, not averaged.</summary>
        public override void AddExtremes(ValueRange extremes)
        {
            _samples = 1;
            _low = Math.Min(_low, extremes.Low);
            _high = Math.Max(_high, extremes.High);
        }

        public override void Merge(RangeCollector later)
        {
            var other = (Average)later;
            if (other._samples == 0)
                return;
            _samples += other._samples;
            var share = Math.Max(constant, (double)other._samples / _samples);
            if (share >= 1)
                (_low, _high) = (other._low, other._high);
            else
                (_low, _high) = (_low + share * (other._low - _low), _high + share * (other._high - _high));
        }
    }
}
