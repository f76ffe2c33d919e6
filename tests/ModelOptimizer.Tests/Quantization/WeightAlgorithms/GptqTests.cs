using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization.WeightAlgorithms;

/// <summary>GPTQ against its definition and against rounding to nearest, by the error of products.</summary>
public sealed class GptqTests
{
    private const int Depth = 150;

    private static readonly WeightAlgorithm Algorithm = WeightAlgorithm.Find("gptq")!;

    [Test]
    public void Codes_are_those_of_the_plain_definition(
        [Values(2, 4)] int bits, [Values] bool symmetric, [Values(0.01, 0.3)] double damping, [Values] bool byImportance)
    {
        var gram = Seen(Correlated(400, seed: 3)).Deciding;
        var weight = WeightMatrix.OfRows(Tensor.Create([3, Depth], Weights.Random(3 * Depth)));
        using var quantized = RoundToNearest.Quantize(weight, new WeightGrid(bits, symmetric), 32)!;
        using var expected = quantized.Clone();
        for (var c = 0; c < 3; c++)
            RoundPlainly(weight, expected, c, gram, damping, byImportance);

        Gptq.Of(gram, Depth, new GptqSettings(damping, byImportance))!.Round(weight, quantized);

        // A target within float noise of a tie may fall to either side, and lead the rest of its channel elsewhere.
        Assert.That(quantized.Codes.ToArray().Zip(expected.Codes.ToArray()).Count(pair => pair.First != pair.Second), Is.LessThan(Depth / 10));
        Assert.That(Error(weight, quantized, gram), Is.EqualTo(Error(weight, expected, gram)).Within(2).Percent);
    }

    [Test]
    public void Products_come_closer_on_inputs_that_were_not_seen([Values(2, 3, 4, 6)] int bits, [Values(32, Depth)] int blockSize)
    {
        var inputs = Seen(Correlated(400, seed: 3), Correlated(400, seed: 4));
        var weight = WeightMatrix.OfRows(Tensor.Create([40, Depth], Weights.Random(40 * Depth)));
        var grid = new WeightGrid(bits, IsSymmetric: true);
        var unseen = Seen(Correlated(1000, seed: 5)).Deciding;
        using var nearest = RoundToNearest.Quantize(weight, grid, blockSize)!;
        using var chosen = Algorithm.Quantize(weight, grid, blockSize, inputs, Algorithm.Learn(inputs, GptqSettings.Default)!)!;

        Assert.That(Error(weight, chosen, unseen) / Error(weight, nearest, unseen), Is.LessThan(0.5));
    }

    [Test]
    public void Zeros_stay_zeros([Values] bool symmetric)
    {
        var inputs = Seen(Correlated(400, seed: 3), Correlated(400, seed: 4));
        var weight = WeightMatrix.OfRows(Tensor.Create([40, Depth], [.. Weights.Random(40 * Depth).Select((one, i) => i % 3 == 0 ? 0 : one)]));
        using var chosen = Algorithm.Quantize(weight, new WeightGrid(4, symmetric), 32, inputs, Algorithm.Learn(inputs, GptqSettings.Default)!)!;

        for (var i = 0; i < 40 * Depth; i += 3)
            Assert.That(chosen.Codes[i], Is.EqualTo(chosen.ZeroPoints[i / Depth * chosen.Blocks + i % Depth / 32]));
    }

    /// <summary>What one half suggests is of no use for the other here, so that most channels have to stay.</summary>
    [Test]
    public void No_channel_is_worse_than_rounded_to_nearest_on_the_samples_that_judge()
    {
        var inputs = Seen(Correlated(400, seed: 3), Correlated(400, seed: 4, flipped: true));
        var weight = WeightMatrix.OfRows(Tensor.Create([40, Depth], Weights.Random(40 * Depth)));
        var grid = new WeightGrid(4, IsSymmetric: true);
        using var nearest = RoundToNearest.Quantize(weight, grid, 32)!;
        using var chosen = Algorithm.Quantize(weight, grid, 32, inputs, Algorithm.Learn(inputs, GptqSettings.Default)!)!;
        var judge = new CodeJudge(weight, inputs.Judge);

        Assert.That(judge.Errors(chosen).Zip(judge.Errors(nearest)),
            Has.All.Matches<(double Chosen, double Nearest)>(pair => pair.Chosen <= pair.Nearest * 1.0001));
    }

    /// <summary>With too few rows for codes blocks get the least squared error, which products may lose by.</summary>
    [Test]
    public void Few_rows_judge_all_the_same()
    {
        var inputs = Seen(Correlated(20, seed: 3), Correlated(20, seed: 4));
        var weight = WeightMatrix.OfRows(Tensor.Create([40, Depth], Weights.Random(40 * Depth)));
        var grid = new WeightGrid(4, IsSymmetric: true);
        using var nearest = RoundToNearest.Quantize(weight, grid, 32)!;
        using var mse = WeightAlgorithm.Find("mse")!.Quantize(weight, grid, 32)!;
        using var chosen = Algorithm.Quantize(weight, grid, 32, inputs, chooser: null)!;
        var judge = new CodeJudge(weight, inputs.Judge);
        var (before, least) = (judge.Errors(nearest), judge.Errors(mse));

        Assert.That(judge.Errors(chosen), Is.EqualTo(before.Zip(least, Math.Min)));
        Assert.That(chosen.Gain!.Better, Is.EqualTo(before.Zip(least).Count(pair => pair.Second < pair.First)).And.InRange(1, 39));
        Assert.That(chosen.Gain.Error, Is.EqualTo(before.Zip(least, Math.Min).Sum() / before.Sum()).Within(1e-9));
    }

    /// <summary>Rows that no half saw tell how many have to judge so that it is worth it.</summary>
    [TestCase(2)]
    [TestCase(2 * WeightInputs.FewestJudging)]
    public void A_handful_of_rows_judges_worse_than_none(int rows)
    {
        var weight = WeightMatrix.OfRows(Tensor.Create([400, Depth], Weights.Random(400 * Depth)));
        var grid = new WeightGrid(4, IsSymmetric: true);
        var unseen = Seen(Correlated(1000, seed: 5)).Deciding;
        using var mse = WeightAlgorithm.Find("mse")!.Quantize(weight, grid, 32)!;
        using var chosen = Algorithm.Quantize(weight, grid, 32, Seen(Correlated(rows, seed: 3)), chooser: null)!;

        Assert.That(Error(weight, chosen, unseen) / Error(weight, mse, unseen), rows == 2 ? Is.GreaterThan(1) : Is.LessThanOrEqualTo(1));
    }

    [Test]
    public void Inputs_that_never_come_leave_weights_at_their_nearest_codes()
    {
        var rows = Correlated(400, seed: 3);
        for (var i = 0; i < rows.Length; i += Depth)
            rows.AsSpan(i, 50).Clear();
        var gram = Seen(rows).Deciding;
        var weight = WeightMatrix.OfRows(Tensor.Create([5, Depth], Weights.Random(5 * Depth)));
        using var nearest = RoundToNearest.Quantize(weight, new WeightGrid(4, true), 32)!;
        using var chosen = nearest.Clone();
        Gptq.Of(gram, Depth)!.Round(weight, chosen);

        for (var c = 0; c < 5; c++)
            Assert.That(chosen.Codes.Slice(c * Depth, 50).SequenceEqual(nearest.Codes.Slice(c * Depth, 50)));
        Assert.That(Error(weight, chosen, gram), Is.LessThan(0.5 * Error(weight, nearest, gram)));
    }

    [Test]
    public void Half_of_the_rows_decide_and_none_is_lost()
    {
        var samples = Enumerable.Range(0, 8).Select(seed => Correlated(60, seed)).ToArray();
        var (few, all, whole) = (Seen(samples[..3]), Seen(samples), new float[Depth * Depth]);
        foreach (var rows in new[] { samples[0][..(30 * Depth)], samples[2], samples[4], samples[6] })
            MatrixProduct.AddGram(MatrixView.Of(whole, Depth, Depth), MatrixView.Of(rows, rows.Length / Depth, Depth));

        Assert.That((few.DecidingRows, few.JudgingRows), Is.EqualTo((90, 90)));
        Assert.That((all.DecidingRows, all.JudgingRows), Is.EqualTo((210, 270)));
        Assert.That(all.Deciding, Is.EqualTo(whole));
        var twice = InputGram.Join([few, few]);
        Assert.That(twice.Deciding[0], Is.EqualTo(2 * Enumerable.Range(0, 30).Select(row => samples[0][row * Depth])
            .Concat(Enumerable.Range(0, 60).Select(row => samples[2][row * Depth])).Sum(x => (double)x * x)).Within(1e-4));
    }

    [Test]
    public void Rows_that_are_not_finite_are_passed_over()
    {
        var rows = Correlated(300, seed: 3);
        var damaged = rows.Concat(Enumerable.Repeat(float.NaN, Depth)).ToArray();
        var inputs = new InputGram();
        var own = new InputGram();
        own.Observe(Tensor.Create([301, Depth], damaged));
        inputs.Merge(own);

        Assert.That(inputs.DecidingRows + inputs.JudgingRows, Is.EqualTo(300));
        Assert.That(inputs.Deciding, Is.EqualTo(Seen(rows).Deciding));
    }

    /// <summary>Σ over the inputs in order of falling importance, or of their places, as the paper and the geometric view define it.</summary>
    private static void RoundPlainly(WeightMatrix weight, QuantizedWeight quantized, int channel, float[] gram, double share, bool byImportance)
    {
        var order = Enumerable.Range(0, Depth).OrderBy(k => byImportance ? gram[k * Depth + k] : -k).ThenBy(k => k).ToArray();
        var damping = share * Enumerable.Range(0, Depth).Average(k => gram[k * Depth + k]);
        var lower = new double[Depth, Depth];
        for (var k = 0; k < Depth; k++)
            for (var j = 0; j <= k; j++)
            {
                var sum = gram[Math.Min(order[j], order[k]) * Depth + Math.Max(order[j], order[k])] + (j == k ? damping : 0);
                for (var i = 0; i < j; i++)
                    sum -= lower[k, i] * lower[j, i];
                lower[k, j] = j == k ? Math.Sqrt(sum) : sum / lower[j, j];
            }
        var weights = weight.Content.AsSpan<float>().Slice(channel * Depth, Depth).ToArray();
        var errors = new double[Depth];
        for (var j = Depth - 1; j >= 0; j--)
        {
            var target = weights[order[j]] + Enumerable.Range(j + 1, Depth - j - 1).Sum(k => errors[k] * lower[k, j] / lower[j, j]);
            var block = channel * quantized.Blocks + order[j] / quantized.BlockSize;
            var code = Math.Clamp(Math.Round(target / quantized.Scales[block]) + quantized.ZeroPoints[block], 0, quantized.Grid.MaxCode);
            quantized.Codes[channel * Depth + order[j]] = (byte)code;
            errors[j] = weights[order[j]] - (code - quantized.ZeroPoints[block]) * quantized.Scales[block];
        }
    }

    private static double Error(WeightMatrix weight, QuantizedWeight quantized, float[] gram)
    {
        var full = (float[])gram.Clone();
        MatrixProduct.Mirror(MatrixView.Of(full, Depth, Depth));
        return new CodeJudge(weight, full).Errors(quantized).Sum();
    }

    private static InputGram Seen(params float[][] samples)
    {
        var inputs = new InputGram();
        // The first sample is cut in two, the second judges: these alone decide and judge.
        foreach (var (sample, i) in samples.Select((sample, i) => (sample, i)))
        {
            var own = new InputGram();
            own.Observe(Tensor.Create([sample.Length / Depth, Depth], sample));
            inputs.Merge(own);
        }
        return inputs;
    }

    /// <summary>Rows whose inputs go together, as those of real layers do.</summary>
    private static float[] Correlated(int rows, int seed, bool flipped = false)
    {
        var random = new Random(seed);
        var mix = new Random(1);
        var mixing = Enumerable.Range(0, Depth * 12).Select(_ => mix.NextSingle() - 0.5f).ToArray();
        var result = new float[rows * Depth];
        for (var r = 0; r < rows; r++)
        {
            var causes = Enumerable.Range(0, 12).Select(_ => random.NextSingle() - 0.5f).ToArray();
            for (var k = 0; k < Depth; k++)
            {
                var sum = 0.1f * (random.NextSingle() - 0.5f);
                for (var i = 0; i < 12; i++)
                    sum += causes[i] * mixing[k * 12 + i];
                result[r * Depth + k] = flipped && k % 2 == 0 ? -sum : sum;
            }
        }
        return result;
    }
}
