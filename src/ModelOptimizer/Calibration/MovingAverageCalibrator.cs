using System.Globalization;

namespace ModelOptimizer.Calibration;

/// <summary>
/// The means of each sample's smallest and largest number, so that one strange sample counts little. With lₙ the smallest number of sample n and
/// c the averaging constant, low₁ = l₁ and lowₙ = lowₙ₋₁ + max(1/n, c) · (lₙ − lowₙ₋₁); high likewise. That is the plain mean of the first 1/c samples,
/// then an exponential moving average (Jacob et al., arXiv:1712.05877, section 3.1).
/// </summary>
/// <remarks>
/// ONNX Runtime's MinMaxCalibrater with CalibMovingAverage takes the plain mean within each chunk of runs that it collects at once, and moves by c
/// (0.01, too) from chunk to chunk: the same for up to 1/c samples collected at once. Its figure depends on the size of chunks, ours does not; and
/// c from the second sample on, as it would be in chunks of one, would leave the first sample 99 % of what the second changes.
/// </remarks>
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
