using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Metrics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Evaluation;

/// <summary>Each metric on numbers worked out by hand.</summary>
public sealed class MetricTests
{
    [Test]
    public void Cosine_is_the_mean_over_samples()
    {
        // cos((1,0),(1,0)) = 1; cos((3,4),(4,3)) = 24/25.
        var comparison = new CosineSimilarity().Start();
        comparison.Add(Pair([1, 0], [1, 0]));
        comparison.Add(Pair([3, 4], [4, 3]));

        Assert.That(comparison.Result, Is.EqualTo((1 + 0.96) / 2).Within(1e-15));
    }

    [Test]
    public void Cosine_of_a_batch_is_that_of_its_rows()
    {
        var comparison = new CosineSimilarity().Start();
        comparison.Add(new OutputPair(Tensor.Create([2, 2], 1f, 0, 3, 4), Tensor.Create([2, 2], 1f, 0, 4, 3), Rows: 2));

        Assert.That(comparison.Result, Is.EqualTo(0.98).Within(1e-15));
    }

    [TestCase(0f, 0f, 1.0)]
    [TestCase(0f, 1f, 0.0)]
    public void Cosine_of_zero_vectors_is_defined(float x, float y, double cosine) => Assert.That(Result<CosineSimilarity>([x], [y]), Is.EqualTo(cosine));

    [Test]
    public void Sqnr_is_pooled_over_samples()
    {
        // Signal 100 + 0, noise 1 + 0 → 20 dB; a mean of decibels would be infinite.
        var comparison = new Sqnr().Start();
        comparison.Add(Pair([10], [9]));
        comparison.Add(Pair([0], [0]));

        Assert.That(comparison.Result, Is.EqualTo(20).Within(1e-12));
    }

    [Test]
    public void Sqnr_of_equal_outputs_has_no_noise() => Assert.That(Result<Sqnr>([1, 2], [1, 2]), Is.EqualTo(double.PositiveInfinity));

    [Test]
    public void Max_abs_error_keeps_the_largest_of_all_samples()
    {
        var comparison = new MaxAbsError().Start();
        comparison.Add(Pair([1, -2], [1.25f, -4]));
        comparison.Add(Pair([5], [5.5f]));

        Assert.That(comparison.Result, Is.EqualTo(2));
    }

    [Test]
    public void What_is_not_finite_on_one_side_spoils_the_result_and_on_both_sides_does_not()
    {
        var metrics = new ComparisonMetric[] { new CosineSimilarity(), new Sqnr(), new MaxAbsError() };
        foreach (var metric in metrics)
        {
            Assert.That(Result(metric, [1, float.NaN], [1, 2]), Is.NaN, metric.Name);
            Assert.That(Result(metric, [1, 2], [1, float.PositiveInfinity]), Is.NaN, metric.Name);
            Assert.That(Result(metric, [1, float.NegativeInfinity], [1, float.NegativeInfinity]), Is.EqualTo(Result(metric, [1], [1])), metric.Name);
        }
    }

    [Test]
    public void Agreement_compares_the_best_guess_of_each_row()
    {
        var comparison = new Agreement().Start();
        comparison.Add(new OutputPair(Tensor.Create([2, 3], 1f, 5, 2, 7, 1, 1), Tensor.Create([2, 3], 3f, 4, 2, 0, 1, 9), Rows: 1));

        Assert.That(comparison.Result, Is.EqualTo(0.5));
    }

    [Test]
    public void Agreement_of_integers_is_their_equality()
    {
        var comparison = new Agreement().Start();
        comparison.Add(new OutputPair(Tensor.Create([4], 1L, 2, 3, 4), Tensor.Create([4], 1L, 2, 3, 5), Rows: 1));

        Assert.That(comparison.Result, Is.EqualTo(0.75));
    }

    [Test]
    public void Top_k_ranks_by_score_then_by_index()
    {
        double[] scores = [0.1, 0.4, 0.4, 0.05, 0.03, 0.02];
        Assert.That(Score(new Top1(), (scores, 1)), Is.EqualTo(1), "the first of equals wins");
        Assert.That(Score(new Top1(), (scores, 2)), Is.Zero);
        Assert.That(Score(new Top5(), (scores, 4)), Is.EqualTo(1));
        Assert.That(Score(new Top5(), (scores, 5)), Is.Zero);
        Assert.That(Score(new Top1(), (scores, 1), (scores, 0), (scores, 3)), Is.EqualTo(1.0 / 3));
        Assert.That(Score(new Top1(), ([double.NaN, 1], 0)), Is.Zero, "no number is no guess");
    }

    [Test]
    public void Perplexity_is_the_exponential_of_the_mean_natural_log_loss()
    {
        // Uniform over 4: perplexity 4. p = 1/2 then 1/8: exp((ln 2 + ln 8) / 2) = 4.
        Assert.That(Score(new Perplexity(), ([0, 0, 0, 0], 2)), Is.EqualTo(4).Within(1e-12));
        double[] eighth = [0, Math.Log(7)];
        Assert.That(Score(new Perplexity(), ([5, 5], 0), (eighth, 0)), Is.EqualTo(4).Within(1e-12));
    }

    [Test]
    public void Perplexity_survives_large_logits_and_masked_ones()
    {
        Assert.That(Score(new Perplexity(), ([10000, 10000, double.NegativeInfinity], 0)), Is.EqualTo(2).Within(1e-9));
        Assert.That(Score(new Perplexity(), ([-10000, -10000], 1)), Is.EqualTo(2).Within(1e-9));
    }

    [Test]
    public void Elements_of_every_type_read_as_numbers()
    {
        AssertReads(DataType.Float16, (Half)1.5, 1.5);
        AssertReads(DataType.BFloat16, (ushort)0x3FC0, 1.5);
        AssertReads(DataType.Double, 1e300, 1e300);
        AssertReads(DataType.Bool, (byte)1, 1);
        AssertReads(DataType.Int8, (sbyte)-5, -5);
        AssertReads(DataType.UInt64, 1UL << 53, 9007199254740992);
    }

    [Test]
    public void Long_outputs_are_summed_block_by_block()
    {
        var x = Enumerable.Range(0, 5000).Select(i => (float)i).ToArray();
        var sums = RowSums.Of(Tensor.Create([5000], x), Tensor.Create([5000], [.. x.Select(v => v + 1)]), 0, 5000);

        Assert.That(sums.SquaredError, Is.EqualTo(5000));
        Assert.That(sums.XX, Is.EqualTo(Enumerable.Range(0, 5000).Sum(i => (double)i * i)));
    }

    [Test]
    public void The_quantile_interpolates() =>
        Assert.That(LatencyComparison.Quantile([1, 2, 3, 10], 0.5), Is.EqualTo(2.5));

    [Test]
    public void Every_metric_has_a_name_of_its_own_and_a_description()
    {
        Assert.That(MetricCatalog.All.Select(metric => metric.Name), Is.Unique.And.SupersetOf(new[]
        {
            "cosine-similarity", "sqnr", "max-abs-error", "top-1", "top-5", "agreement", "perplexity",
            "size", "compressed-size", "size-ratio", "latency-ratio",
        }));
        Assert.That(MetricCatalog.All.Select(metric => metric.Description), Has.All.EndsWith("."));
    }

    [TestCase(MetricUnit.Bytes, 2097152, "2 MiB")]
    [TestCase(MetricUnit.Rate, 0.9313, "93.13%")]
    [TestCase(MetricUnit.Rate, 0.99987, "99.987%")]
    [TestCase(MetricUnit.Ratio, 1.5, "150%")]
    [TestCase(MetricUnit.Decibel, 41.24, "41.2 dB")]
    [TestCase(MetricUnit.Decibel, double.PositiveInfinity, "no noise")]
    [TestCase(MetricUnit.Number, 9.5268, "9.5268")]
    [TestCase(MetricUnit.Number, 1.5e-7, "1.5e-7")]
    [TestCase(MetricUnit.Number, double.NaN, "not a number")]
    public void Numbers_are_written_for_humans(MetricUnit unit, double value, string text) =>
        Assert.That(MetricFormat.Format(unit, value), Is.EqualTo(text));

    private static void AssertReads<T>(DataType type, T element, double expected) where T : unmanaged
    {
        var read = new double[1];
        OutputElements.Read(Tensor.Create(type, [2], [default, element]), 1, read);
        Assert.That(read[0], Is.EqualTo(expected), type.ToString());
    }

    private static double Score(LabelMetric metric, params (double[] Scores, int Label)[] rows)
    {
        var score = metric.Start();
        foreach (var (scores, label) in rows)
            score.Add(scores, label);
        return score.Result;
    }

    private static double Result<T>(float[] expected, float[] actual) where T : ComparisonMetric, new() => Result(new T(), expected, actual);

    private static double Result(ComparisonMetric metric, float[] expected, float[] actual)
    {
        var comparison = metric.Start();
        comparison.Add(Pair(expected, actual));
        return comparison.Result;
    }

    private static OutputPair Pair(float[] expected, float[] actual) =>
        new(Tensor.Create([1, expected.Length], expected), Tensor.Create([1, actual.Length], actual), Rows: 1);
}
