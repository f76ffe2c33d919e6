using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>How forms of a quantized model are judged, and on which samples.</summary>
public sealed class StaticTrialTests
{
    [TestCase(new[] { 1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0, 1.0 }, true)]
    [TestCase(new[] { 2.0, 2.1, 1.9, 2.0, 2.2, 1.8, 2.0, 2.0 }, false)]
    [TestCase(new[] { 2.1, 2.0, 2.2, 2.1, 2.0, 2.1, 2.2, 9.0 }, false, Description = "one sample makes all the gain")]
    [TestCase(new double[0], false, Description = "it can't be run")]
    [TestCase(new[] { 1.0, double.PositiveInfinity, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0 }, false)]
    public void A_form_is_better_where_most_samples_say_so(double[] noise, bool isBetter)
    {
        double[] first = [2, 2, 2, 2, 2, 2, 2, 20];
        if (isBetter)
            first[^1] = 2;

        Assert.That(Trial(noise).Beats(Trial(first)), Is.EqualTo(isBetter));
    }

    [Test]
    public void Any_finite_noise_is_better_than_an_infinite_one()
    {
        var (infinite, missing) = (Trial([double.PositiveInfinity, 1]), Trial([]));
        var (more, less) = (Trial([3, 3]), Trial([2, 9]));

        Assert.That(StaticTrial.BestOf([infinite, missing, more, less]), Is.SameAs(more));
        Assert.That(StaticTrial.BestOf([missing, less, infinite]), Is.SameAs(less));
        Assert.That(StaticTrial.BestOf([more, infinite, less]), Is.SameAs(more));
        Assert.That(StaticTrial.BestOf([infinite, missing]), Is.Null);
    }

    [Test]
    public void Outputs_add_up_for_the_choice_and_the_worst_is_told()
    {
        var trial = StaticTrial.Of(StaticForm.Plain,
            [new Dictionary<string, double> { ["a"] = 1, ["b"] = 2 }, new Dictionary<string, double> { ["a"] = 4, ["b"] = 0.5 }]);

        Assert.That(trial.Noise, Is.EqualTo(new[] { 3, 4.5 }));
        Assert.That(trial.Worst, Is.EqualTo(5));
    }

    [TestCase(8, 64, 8)]
    [TestCase(9, 64, 9)]
    [TestCase(16, 8, 8)]
    [TestCase(48, 64, 48)]
    [TestCase(63, 20, 20)]
    [TestCase(64, 64, 32)]
    [TestCase(72, 8, 8)]
    [TestCase(100, 64, 0)]
    [TestCase(256, 64, 64)]
    public void No_sample_judges_what_was_learned_from_it(int count, int most, int judging)
    {
        var samples = new TrialSamples(count, most);

        if (judging > 0)
            Assert.That(samples.Judging, Has.Count.EqualTo(judging));
        Assert.That(samples.Judging, Is.Ordered.And.Unique.And.Count.GreaterThanOrEqualTo(TrialSamples.Fewest).And.Count.LessThanOrEqualTo(most));
        Assert.That(samples.Folds.SelectMany(fold => fold.Judging), Is.EquivalentTo(Enumerable.Range(0, samples.Judging.Count)));
        foreach (var fold in samples.Folds)
        {
            Assert.That(fold.Learned, Has.Count.LessThanOrEqualTo(32).And.Count.InRange(Math.Min(32, count / 2), (count + 1) / 2));
            Assert.That(fold.Judging.Select(index => samples.Judging[index]).Where(fold.Learned.Contains), Is.Empty);
        }
    }

    [Test]
    public void Many_samples_are_spread_as_if_nothing_were_learned() =>
        Assert.That(new TrialSamples(256, 64).Judging, Is.EqualTo(EvenPick.Of(256, 64)));

    [TestCase(1L << 30, 1000, 64)]
    [TestCase(1L << 30, 8L << 20, 16)]
    [TestCase(1L << 30, 100L << 20, 8)]
    [TestCase(1L << 30, 200L << 20, 5)]
    [TestCase(1L << 20, 1L << 17, 8)]
    public void Memory_bounds_the_samples_that_are_held(long memory, long one, int samples) =>
        Assert.That(new TrialBudget(memory, one).Samples, Is.EqualTo(samples));

    [Test]
    public void Memory_bounds_the_models_that_run_side_by_side()
    {
        using var limit = Cores.Limit(4);
        var model = Product();

        Assert.That(new TrialBudget(1 << 30, 100).Sessions(model, 0), Is.EqualTo(4));
        Assert.That(new TrialBudget(1 << 20, 100 << 10).Sessions(model, 800 << 10), Is.EqualTo(2));
        Assert.That(new TrialBudget(1 << 20, 100 << 10).Sessions(model, 1 << 20), Is.EqualTo(1));
        Assert.That(new TrialBudget(1 << 10, 1).Sessions(model, 0), Is.EqualTo(1), "The weights alone are 768 bytes.");
    }

    [Test]
    public void Samples_beyond_the_ceiling_are_not_read()
    {
        var noise = new OutputNoise(PassContexts.Engine, Product(), Samples().Take(3).Append(null!), ceiling: 700);

        Assert.That((noise.Overflows, noise.Bytes), Is.EqualTo((true, 3 * 336)));
    }

    [Test]
    public void Work_ends_between_two_samples()
    {
        using var first = new CancellationTokenSource();
        Assert.That(() => new OutputNoise(PassContexts.Engine, Product(), Samples(first, 2), cancellation: first.Token),
            Throws.InstanceOf<OperationCanceledException>());

        using var second = new CancellationTokenSource();
        var noise = new OutputNoise(PassContexts.Engine, Product(), Samples().Take(3), cancellation: second.Token);
        second.Cancel();
        Assert.That(() => noise.Of(Product()), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(() => noise.OfSamples(Product(), [0]), Throws.InstanceOf<OperationCanceledException>());
    }

    private static IEnumerable<Sample> Samples(CancellationTokenSource? source = null, int at = 0)
    {
        for (var i = 0; i < 100; i++)
        {
            if (i == at)
                source?.Cancel();
            yield return Calibration.Calibrations.Sample(i, ("x", Tensor.Create([3, 16], Quantization.Weights.Random(48, i))));
        }
    }

    private static StaticTrial Trial(double[] noise) => new(StaticForm.Plain, noise, 0);

    private static OnnxModel Product()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", StaticModels.Rows), g.Weight("w", StaticModels.Matrix(16, 12))));
        return g.Build();
    }
}
