using CsCheck;
using ModelOptimizer.Calibration;

namespace ModelOptimizer.Tests.Calibration;

public sealed class HistogramTests
{
    /// <summary>Numbers of very different size, zeros among them, in several lots.</summary>
    private static readonly Gen<float[][]> s_lots = Gen.Select(Gen.Float[-1, 1], Gen.Int[-140, 120])
        .Select((mantissa, exponent) => MathF.ScaleB(mantissa, exponent)).Array[0, 40].Array[1, 6];

    [Test]
    public void Widening_and_merging_lose_no_count_and_put_each_where_it_belongs() => s_lots.Sample(lots =>
    {
        var histogram = Merged(lots);
        var all = lots.SelectMany(lot => lot).ToArray();

        Assert.That(histogram.Total, Is.EqualTo(all.Length));
        Assert.That(histogram.Zeros, Is.EqualTo(all.Count(number => number == 0)));
        for (var bin = histogram.First; bin <= histogram.Last; bin++)
            Assert.That(histogram[bin], Is.EqualTo(all.Count(number => (int)Math.Floor(number / histogram.Width) == bin)), $"bin {bin}");
    }, iter: 200);

    [Test]
    public void The_order_of_merging_makes_no_difference() => s_lots.Sample(lots =>
    {
        var (forwards, backwards) = (Merged(lots), Merged([.. lots.Reverse()]));
        var atOnce = Of([.. lots.SelectMany(lot => lot)]);

        Assert.That(Content(backwards), Is.EqualTo(Content(forwards)));
        Assert.That(Content(atOnce), Is.EqualTo(Content(forwards)));
    }, iter: 200);

    [Test]
    public void A_larger_percentile_never_makes_a_smaller_range() => Gen.Select(s_lots, Gen.Double[50, 100], Gen.Double[50, 100], Gen.Bool).Sample((lots, a, b, symmetric) =>
    {
        var histogram = Merged(lots);
        if (histogram.Total == 0)
            return;
        var calibrator = new PercentileCalibrator();
        var narrow = calibrator.Choose(histogram, new RangeOptions { Percentile = Math.Min(a, b), Symmetric = symmetric });
        var wide = calibrator.Choose(histogram, new RangeOptions { Percentile = Math.Max(a, b), Symmetric = symmetric });

        Assert.That(wide.Low, Is.LessThanOrEqualTo(narrow.Low));
        Assert.That(wide.High, Is.GreaterThanOrEqualTo(narrow.High));
    }, iter: 200);

    [Test]
    public void Bins_are_fine_enough_for_eight_bits()
    {
        var histogram = Of([-0.1f, 0f, 1000f]);

        Assert.That(1000 / histogram.Width, Is.GreaterThan(4 * 255));
        Assert.That((histogram[-1], histogram[0], histogram[histogram.Last]), Is.EqualTo((1L, 1L, 1L)));
    }

    [TestCase(4096)]
    [TestCase(4097)]
    [TestCase(100_003)]
    public void Many_numbers_are_counted_like_few(int count)
    {
        var random = new Random(count);
        float[] numbers = [.. Enumerable.Range(0, count).Select(_ => MathF.Max(0, random.NextSingle() * 3 - 1))];
        var few = new Histogram();
        foreach (var part in numbers.Chunk(100))
            Add(few, part);

        Assert.That(Content(Of(numbers)), Is.EqualTo(Content(few)));
    }

    [TestCase(0f)]
    [TestCase(float.MaxValue)]
    [TestCase(-float.MaxValue)]
    [TestCase(1e-45f)]
    public void The_ends_of_float32_have_a_bin(float number)
    {
        var histogram = Of([number, 1f]);

        Assert.That(Enumerable.Range(histogram.First, histogram.Last - histogram.First + 1).Sum(bin => histogram[bin]), Is.EqualTo(2));
    }

    private static Histogram Of(float[] numbers)
    {
        var histogram = new Histogram();
        Add(histogram, numbers);
        return histogram;
    }

    private static void Add(Histogram histogram, float[] numbers)
    {
        FiniteElements.TryExtremes(numbers, out var extremes);
        histogram.Add(numbers, extremes);
    }

    private static Histogram Merged(float[][] lots)
    {
        var merged = new Histogram();
        foreach (var (i, lot) in lots.Index())
            if (i % 2 == 0)
                merged.Merge(Of(lot));
            else
                Add(merged, lot);
        return merged;
    }

    private static string Content(Histogram histogram) => string.Join(' ',
        Enumerable.Range(histogram.First, histogram.Last - histogram.First + 1).Select(bin => $"{bin}:{histogram[bin]}").Where(text => !text.EndsWith(":0", StringComparison.Ordinal))
            .Prepend($"{histogram.Width} {histogram.Extremes} {histogram.Total} {histogram.Zeros}"));
}
