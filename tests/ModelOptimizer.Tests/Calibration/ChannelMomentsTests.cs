using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Calibration;

public sealed class ChannelMomentsTests
{
    private static readonly Tensor First = Tensor.Create([2, 2, 2], 1f, 3f, -1f, -1f, 5f, 7f, 0f, 2f);

    [Test]
    public void Means_and_mean_squares_are_those_of_all_elements_of_a_channel()
    {
        var found = Observe(First, Tensor.Create([1, 2, 1], 9f, 10f)).Moments;

        Assert.That(found.Means, Is.EqualTo(new[] { 5f, 2f }));
        Assert.That(found.Squares, Is.EqualTo(new[] { (1 + 9 + 25 + 49 + 81) / 5f, (1 + 1 + 0 + 4 + 100) / 5f }));
    }

    [Test]
    public void Long_channels_are_as_exact_as_short_ones()
    {
        var elements = Enumerable.Range(0, 100_001).Select(i => 1000 + i % 2 * 0.5f).ToArray();

        var mean = Observe(Tensor.Create([1, 1, elements.Length], elements)).Moments.Means[0];

        Assert.That(mean, Is.EqualTo(elements.Average(element => (double)element)).Within(1e-3));
    }

    [Test]
    public void Samples_merge_to_what_one_observer_sees()
    {
        var other = Tensor.Create([1, 2, 3], 1f, 2f, 3f, 4f, 5f, 6f);
        var (first, second) = (Observe(First), Observe(other));
        first.Merge(second);
        first.Merge(new ChannelMomentsObserver());

        Assert.That(first.Moments.Means, Is.EqualTo(Observe(First, other).Moments.Means));
        Assert.That(first.Moments.Squares, Is.EqualTo(Observe(First, other).Moments.Squares));
    }

    [Test]
    public void What_has_no_channels_has_no_moments()
    {
        Assert.That(new ChannelMomentsObserver().Moments.Means, Is.Empty, "nothing seen");
        Assert.That(Observe(Tensor.Create([2], 1f, 2f)).Moments.Means, Is.Empty, "rank 1");
        Assert.That(Observe(Tensor.Create([1, 2], 1f, float.NaN)).Moments.Means, Is.Empty, "not finite");
        Assert.That(Observe(Tensor.Create([1, 2], 1f, 1e30f)).Moments.Means, Is.Empty, "squares that are not finite");
        Assert.That(Observe(First, Tensor.Create([1, 3], 1f, 2f, 3f)).Moments.Means, Is.Empty, "another number of channels");
        var merged = Observe(First);
        merged.Merge(Observe(Tensor.Create([1, 3], 1f, 2f, 3f)));
        Assert.That(merged.Moments.Means, Is.Empty, "another number of channels in a later sample");
    }

    private static ChannelMomentsObserver Observe(params Tensor[] values)
    {
        var observer = new ChannelMomentsObserver();
        foreach (var value in values)
            observer.Observe(value);
        return observer;
    }
}
