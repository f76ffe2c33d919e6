using ModelOptimizer.Calibration;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Calibration;

public sealed class CalibratorTests
{
    /// <summary>A bell with two numbers far outside it.</summary>
    private static readonly float[] s_bellWithOutliers = [.. Bell(100_000, seed: 1), 60, -40];

    [Test]
    public void Every_calibrator_has_a_name() =>
        Assert.That(Calibrator.All.Select(calibrator => calibrator.Name), Is.EqualTo(new[] { "entropy", "min-max", "moving-average", "mse", "percentile" }));

    [Test]
    public void Min_max_holds_everything() => Assert.That(Range("min-max", s_bellWithOutliers), Is.EqualTo(new ValueRange(-40, 60)));

    [TestCase("entropy", false)]
    [TestCase("entropy", true)]
    [TestCase("percentile", false)]
    [TestCase("percentile", true)]
    [TestCase("mse", false)]
    [TestCase("mse", true)]
    public void Clipping_outliers_makes_a_smaller_error_than_min_max(string calibrator, bool symmetric)
    {
        var options = new RangeOptions { Bits = 4, Symmetric = symmetric };
        var (clipped, whole) = (Range(calibrator, s_bellWithOutliers, options), Range("min-max", s_bellWithOutliers, options));

        Assert.That(clipped.High, Is.LessThan(whole.High / 2));
        Assert.That(clipped.Low, Is.GreaterThan(whole.Low));
        Assert.That(Error(s_bellWithOutliers, clipped, options), Is.LessThan(Error(s_bellWithOutliers, whole, options)));
    }

    [TestCase(4, false)]
    [TestCase(8, false)]
    [TestCase(8, true)]
    [TestCase(16, false)]
    public void Mse_makes_the_smallest_error_of_all(int bits, bool symmetric)
    {
        var options = new RangeOptions { Bits = bits, Symmetric = symmetric };
        float[] data = [.. Bell(20_000, seed: 2).Select(x => MathF.Max(x, -0.3f) * MathF.Abs(x))];
        var errors = Calibrator.All.ToDictionary(calibrator => calibrator.Name, calibrator => Error(data, Range(calibrator.Name, data, options), options));

        // Within the bins' resolution.
        Assert.That(errors["mse"], Is.LessThanOrEqualTo(errors.Values.Min() * 1.01));
    }

    [TestCase("entropy")]
    [TestCase("percentile")]
    [TestCase("mse")]
    public void A_rectifiers_zeros_stay_in_the_range(string calibrator)
    {
        float[] data = [.. Bell(50_000, seed: 3).Select(x => MathF.Max(x, 0))];
        var range = Range(calibrator, data);

        Assert.That(range.Low, Is.Zero);
        Assert.That(range.High, Is.GreaterThan(2));
    }

    [Test]
    public void Percentile_is_the_share_of_numbers_that_it_says()
    {
        float[] data = [.. Enumerable.Range(0, 100_001).Select(i => i / 1000f)];

        var range = Range("percentile", data, new RangeOptions { Percentile = 90 });

        Assert.That(range.Low, Is.EqualTo(5).Within(0.1));
        Assert.That(range.High, Is.EqualTo(95).Within(0.1));
    }

    [Test]
    public void A_moving_average_takes_the_means_of_the_samples_ends()
    {
        var observer = new RangeObserver(new RangeOptions { Calibrator = Calibrator.MovingAverage });
        foreach (var high in new[] { 1f, 2f, 9f })
        {
            var sample = new RangeObserver(new RangeOptions { Calibrator = Calibrator.MovingAverage });
            sample.Observe(Tensor.Create([2], 0f, high));
            sample.Observe(Tensor.Create([1], -high));
            observer.Merge(sample);
        }

        Assert.That(observer.Range, Is.EqualTo(new ValueRange(-4, 4)));
    }

    /// <summary>
    /// By hand, with c = 0.4. Highs 8, 4, 2, 6: 8; 8 + ½(4 − 8) = 6; 6 + 0.4(2 − 6) = 4.4; 4.4 + 0.4(6 − 4.4) = 5.04. Lows −1, −3, −5, −1: −1; −2;
    /// −2 + 0.4(−5 + 2) = −3.2; −3.2 + 0.4(−1 + 3.2) = −2.32. A third of the way, where the third sample is one of three, is less than c.
    /// </summary>
    [Test]
    public void A_moving_average_is_what_its_formula_says()
    {
        var options = new RangeOptions { Calibrator = Calibrator.MovingAverage, AveragingConstant = 0.4 };
        var observer = new RangeObserver(options);
        foreach (var (low, high) in new[] { (-1f, 8f), (-3f, 4f), (-5f, 2f), (-1f, 6f) })
        {
            var sample = new RangeObserver(options);
            sample.Observe(Tensor.Create([3], low, 0f, high));
            observer.Merge(sample);
        }

        Assert.That(observer.Range, Is.EqualTo(new ValueRange(-2.32f, 5.04f)));
    }

    [Test]
    public void A_moving_average_of_many_samples_follows_the_later_ones()
    {
        var observer = new RangeObserver(new RangeOptions { Calibrator = Calibrator.MovingAverage, AveragingConstant = 0.5 });
        foreach (var high in new[] { 8f, 8f, 0f, 0f })
        {
            var sample = new RangeObserver(new RangeOptions { Calibrator = Calibrator.MovingAverage });
            sample.Observe(Tensor.Create([1], high));
            observer.Merge(sample);
        }

        Assert.That(observer.Range, Is.EqualTo(new ValueRange(2, 2)));
    }

    [TestCase("min-max")]
    [TestCase("entropy")]
    [TestCase("mse")]
    public void What_is_not_finite_is_left_out_and_told(string calibrator)
    {
        var observer = new RangeObserver(new RangeOptions { Calibrator = Calibrator.Find(calibrator)! });
        observer.Observe(Tensor.Create([3], 1f, -2f, 3f), Sample(0));
        observer.Observe(Tensor.Create([3], float.NaN, float.PositiveInfinity, 0.5f), Sample(7));
        observer.Observe(Tensor.Create([1], float.NegativeInfinity), Sample(3));

        Assert.That(observer.Range, Is.EqualTo(new ValueRange(-2, 3)));
        Assert.That((observer.Facts.NonFinite, observer.Facts.NonFiniteSample), Is.EqualTo((3L, ((int, string)?)(3, "3.npz"))));
    }

    [Test]
    public void A_single_far_sample_is_remembered_whatever_the_order()
    {
        var facts = Permutations([(1f, 0), (2f, 1), (50f, 2), (3f, 1), (2.5f, 3)]).Select(order =>
        {
            var observer = new RangeObserver(new RangeOptions());
            foreach (var (reach, sample) in order)
                observer.Observe(Tensor.Create([1], -reach), Sample(sample));
            return (observer.Facts.FarthestSample, observer.Facts.Magnitude, observer.Facts.OtherMagnitude);
        });

        Assert.That(facts.Distinct(), Is.EqualTo(new[] { ((2, "2.npz"), 50f, 3f) }));
    }

    [TestCase(1, new[] { -1f, 0f, 4f }, new[] { 2f, 3f, 9f })]
    [TestCase(-1, new[] { -1f, 0f, 4f }, new[] { 2f, 3f, 9f })]
    [TestCase(0, new[] { -1f, 2f }, new[] { 4f, 9f })]
    public void Channels_have_ranges_of_their_own(int axis, float[] lows, float[] highs)
    {
        var observer = new RangeObserver(new RangeOptions(), axis);
        observer.Observe(Tensor.Create([2, 3], -1f, 0f, 4f, 2f, 3f, 9f));

        Assert.That(observer.Ranges!.Select(range => range.Low), Is.EqualTo(lows));
        Assert.That(observer.Ranges!.Select(range => range.High), Is.EqualTo(highs));
    }

    [Test]
    public void Empty_and_foreign_values_have_no_range()
    {
        var observer = new RangeObserver(new RangeOptions());
        observer.Observe(Tensor.Create([0, 4], Array.Empty<float>()));
        observer.Observe(Tensor.Create([1], float.NaN));

        Assert.That(observer.Range, Is.Null);
        Assert.That(observer.Ranges, Is.Null);
    }

    [TestCase("min-max")]
    [TestCase("percentile")]
    public void Integers_and_booleans_are_numbers(string calibrator)
    {
        var observer = new RangeObserver(new RangeOptions { Calibrator = Calibrator.Find(calibrator)!, Percentile = 100 });
        observer.Observe(Tensor.Create([2], -3L, 5L));
        observer.Observe(Tensor.Create(DataType.Bool, [1], new byte[] { 1 }));

        Assert.That(observer.Range, Is.EqualTo(new ValueRange(-3, 5)));
    }

    internal static ValueRange Range(string calibrator, float[] data, RangeOptions? options = null)
    {
        var observer = new RangeObserver((options ?? new RangeOptions()) with { Calibrator = Calibrator.Find(calibrator)! });
        observer.Observe(Tensor.Create([data.Length], data));
        return observer.Range!.Value;
    }

    /// <summary>The mean squared error of quantizing to a range, computed on the numbers themselves.</summary>
    internal static double Error(float[] data, ValueRange range, RangeOptions options)
    {
        var grid = QuantizationGrid.Of(range.Low, range.High, options.Bits, options.Symmetric);
        return data.Average(x => Math.Pow(x - Math.Clamp(Math.Round(x / grid.Scale) * grid.Scale, grid.Low, grid.High), 2));
    }

    private static IEnumerable<float> Bell(int count, int seed)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())));
    }

    private static Sample Sample(int index) => new(new Dictionary<string, Tensor>()) { Index = index, Source = $"{index}.npz" };

    private static IEnumerable<T[]> Permutations<T>(T[] items) => items.Length <= 1 ? [items]
        : items.SelectMany((first, i) => Permutations([.. items[..i], .. items[(i + 1)..]]).Select(rest => (T[])[first, .. rest]));
}
