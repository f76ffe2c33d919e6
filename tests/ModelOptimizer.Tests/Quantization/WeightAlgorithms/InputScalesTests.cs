using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization.WeightAlgorithms;

/// <summary>The scales of AWQ against their definition and against rounding without any, by the error of products.</summary>
public sealed class InputScalesTests
{
    private const int Depth = 96;

    [Test]
    public void Factors_are_those_of_the_definition([Values(0, 0.3, 1)] double alpha, [Values(0, 0.5, 1)] double beta)
    {
        var (rows, weights) = (Inputs(64, seed: 3), Weights.Random(5 * Depth));
        for (var r = 0; r < 64; r++)
            rows[r * Depth + 7] = 0;

        var factors = new InputScales([Layer(weights, 5)], Seen(rows, rows)).Factors(alpha, beta);

        // The first half of the first sample and none of the second decide.
        var expected = Enumerable.Range(0, Depth).Select(k =>
            Math.Pow(Math.Sqrt(Enumerable.Range(0, 32).Sum(r => Math.Pow(rows[r * Depth + k], 2))), alpha)
            / Math.Pow(Enumerable.Range(0, 5).Sum(c => Math.Abs(weights[c * Depth + k])), beta)).ToArray();
        var seen = expected.Where((_, k) => k != 7).ToList();
        for (var k = 0; k < Depth; k++)
            Assert.That(factors[k], Is.EqualTo(k == 7 ? 1 : expected[k] / Math.Sqrt(seen.Max() * seen.Min())).Within(0.01).Percent, $"{k}");
    }

    [Test]
    public void The_error_is_that_of_products_with_rounded_weights_of_scaled_inputs([Values(2, 4)] int bits, [Values(32, Depth)] int blockSize)
    {
        var (rows, weights) = (Inputs(50, seed: 3), Weights.Random(3 * Depth));
        var factors = Weights.Random(Depth, seed: 8).Select(w => 1 + w * w).ToArray();
        var scaled = rows.Select((x, i) => x / factors[i % Depth]).ToArray();
        var (grid, gram) = (new WeightGrid(bits, IsSymmetric: true), Seen(scaled, scaled).Judge);
        using var rounded = RoundToNearest.Quantize(
            WeightMatrix.OfRows(Tensor.Create([3, Depth], [.. weights.Select((w, i) => w * factors[i % Depth])])), grid, blockSize)!;
        var seen = Weights.Dequantize(rounded, channelAxis: 0);
        var expected = 0.0;
        // The second half of the first sample judges, and all of the second.
        foreach (var r in Enumerable.Range(25, 25).Concat(Enumerable.Range(0, 50)))
            for (var c = 0; c < 3; c++)
                expected += Math.Pow(Enumerable.Range(0, Depth).Sum(k =>
                    scaled[r * Depth + k] * (double)seen[c * Depth + k] - rows[r * Depth + k] * (double)weights[c * Depth + k]), 2);

        var layer = new ScaledLayer(WeightMatrix.OfRows(Tensor.Create([3, Depth], weights)), grid, blockSize);

        Assert.That(layer.Error(factors, gram), Is.EqualTo(expected).Within(0.1).Percent);
    }

    [Test]
    public void Products_come_closer_on_inputs_that_were_not_seen([Values(2, 3, 4)] int bits, [Values(32, Depth)] int blockSize)
    {
        var layers = Layers(bits, blockSize);
        var (errors, plain) = Unseen(layers, new InputScales(layers, Seen(Inputs(200, seed: 3), Inputs(200, seed: 4))).Search());

        Assert.That(errors, Has.All.LessThan(0.9), "of each layer that reads the inputs");
        Assert.That(plain, Has.All.GreaterThan(0));
    }

    /// <summary>A scale or two are learned from few rows, too: no matrix has to be factored.</summary>
    [TestCase(8)]
    [TestCase(24)]
    public void Fewer_rows_than_inputs_are_enough(int rows)
    {
        var layers = Layers(4, 32);
        var (errors, _) = Unseen(layers, new InputScales(layers, Seen(Inputs(rows, seed: 3), Inputs(rows, seed: 4))).Search());

        Assert.That(errors, Has.All.LessThan(0.95));
    }

    /// <summary>Inputs that are large where it is decided are small where it is judged.</summary>
    [Test]
    public void No_layer_loses_on_the_samples_that_judge([Range(0, 7)] int seed)
    {
        var layers = Layers(4, 32, seed);
        var (few, others) = (Inputs(1, seed: 3), Inputs(200, seed: 4, shifted: true));
        var inputs = Seen(few, others);
        var choice = new InputScales(layers, inputs).Search();
        var none = Array.ConvertAll(choice.Factors, _ => 1f);
        var judged = Scaled(inputs.Judge, choice.Factors);

        foreach (var layer in layers)
            Assert.That(layer.Error([.. choice.Factors.Select(factor => (float)factor)], judged),
                Is.LessThanOrEqualTo(layer.Error(none, inputs.Judge) * 1.0001));
    }

    [Test]
    public void What_helps_one_layer_and_harms_another_is_not_taken()
    {
        // The second layer has large weights exactly where inputs are large: with them its blocks are all that large weight.
        var large = Weights.Random(40 * Depth, seed: 2).Select((w, i) => IsLarge(i % Depth) ? w * 40 : w).ToArray();
        ScaledLayer[] layers = [Layer(Weights.Random(40 * Depth), 40), Layer(large, 40)];
        var inputs = Seen(Inputs(200, seed: 3), Inputs(200, seed: 4));

        var choice = new InputScales(layers, inputs).Search();

        var none = Array.ConvertAll(choice.Factors, _ => 1f);
        var judged = Scaled(inputs.Judge, choice.Factors);
        Assert.That(layers.Select(layer => layer.Error([.. choice.Factors.Select(factor => (float)factor)], judged) / layer.Error(none, inputs.Judge)),
            Has.All.LessThanOrEqualTo(1.0001));
    }

    /// <summary>Too large for all channels to be tried, a layer is known by the one in its middle; the others would lose.</summary>
    [Test]
    public void What_few_channels_suggest_all_of_them_judge()
    {
        var weights = Weights.Random(9 * Depth).Select((w, i) => i / Depth != 4 && IsLarge(i % Depth) ? w * 8 : w).ToArray();
        var (layer, middle) = (Layer(weights, 9), Layer(weights[(4 * Depth)..(5 * Depth)], 1));
        var inputs = Seen(Inputs(200, seed: 3), Inputs(200, seed: 4));

        Assert.That(new InputScales([middle], inputs).Search().IsScaled);
        var choice = new InputScales([layer], inputs, work: 1, judgingWork: 1).Search();
        Assert.That(layer.Error([.. choice.Factors.Select(factor => (float)factor)], Scaled(inputs.Judge, choice.Factors)),
            Is.LessThanOrEqualTo(layer.Error(Array.ConvertAll(choice.Factors, _ => 1f), inputs.Judge) * 1.0001));
    }

    [Test]
    public void A_weight_that_is_not_finite_leaves_all_as_it_is()
    {
        var weights = Weights.Random(5 * Depth);
        weights[17] = float.NaN;

        Assert.That(new InputScales([Layer(weights, 5)], Seen(Inputs(200, seed: 3), Inputs(200, seed: 4))).Search().IsScaled, Is.False);
    }

    /// <summary>Dozens of scales are tried; each would take a matrix of 4 MiB.</summary>
    [Test]
    public void A_search_takes_one_matrix_of_its_own()
    {
        const int depth = 1024;
        var inputs = new InputGram();
        var sample = new InputGram();
        sample.Observe(Tensor.Create([8, depth], Weights.Random(8 * depth)));
        inputs.Merge(sample);
        _ = (inputs.Decide, inputs.Judge);
        var weight = WeightMatrix.OfRows(Tensor.Create([2, depth], Weights.Random(2 * depth)));
        var layer = new ScaledLayer(weight, new WeightGrid(4, IsSymmetric: true), 32);
        var before = GC.GetAllocatedBytesForCurrentThread();

        new InputScales([layer], inputs).Search();

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(4 * 4 * depth * depth));
    }

    [Test]
    public void Channels_are_read_alike_however_they_lie([Values(3, 700)] int channels)
    {
        var rows = Weights.Random(channels * Depth);
        var columns = new float[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            columns[i % Depth * channels + i / Depth] = rows[i];
        var (some, others) = (Layer(rows, channels), new ScaledLayer(new WeightMatrix(Tensor.Create([Depth, channels], columns), channelAxis: 1),
            new WeightGrid(4, IsSymmetric: true), 32));

        Assert.That(others.Sizes(), Is.EqualTo(some.Sizes()));
        Assert.That(others.Some(3).Sizes(), Is.EqualTo(some.Some(3).Sizes()));
    }

    [Test]
    public void Some_channels_are_spread_evenly()
    {
        var layer = Layer([.. Enumerable.Range(0, 8 * Depth).Select(i => (float)(i / Depth))], 8);

        Assert.That(layer.Some(4).Sizes()[0], Is.EqualTo(1 + 3 + 5 + 7));
        Assert.That(layer.Some(8), Is.SameAs(layer));
    }

    /// <returns>Errors on other rows: with the choice, as a part of those without; and those.</returns>
    private static (double[] Ratios, double[] Plain) Unseen(ScaledLayer[] layers, InputScaleChoice choice)
    {
        var unseen = Seen(Inputs(1000, seed: 5), Inputs(1000, seed: 6)).Judge;
        var scaled = Scaled(unseen, choice.Factors);
        var plain = Array.ConvertAll(layers, layer => layer.Error(Array.ConvertAll(choice.Factors, _ => 1f), unseen));
        return ([.. layers.Select((layer, i) => layer.Error([.. choice.Factors.Select(factor => (float)factor)], scaled) / plain[i])], plain);
    }

    private static float[] Scaled(float[] gram, double[] factors) =>
        [.. gram.Select((sum, i) => (float)(sum / factors[i / Depth] / factors[i % Depth]))];

    private static ScaledLayer[] Layers(int bits, int blockSize, int seed = 1) =>
        [Layer(Weights.Random(40 * Depth, seed + 10), 40, bits, blockSize), Layer(Weights.Random(24 * Depth, seed + 20), 24, bits, blockSize)];

    private static ScaledLayer Layer(float[] weights, int channels, int bits = 4, int blockSize = 32) =>
        new(WeightMatrix.OfRows(Tensor.Create([channels, Depth], weights)), new WeightGrid(bits, IsSymmetric: true), blockSize);

    private static InputGram Seen(params float[][] samples)
    {
        var inputs = new InputGram();
        foreach (var sample in samples)
        {
            var own = new InputGram();
            own.Observe(Tensor.Create([sample.Length / Depth, Depth], sample));
            inputs.Merge(own);
        }
        return inputs;
    }

    private static bool IsLarge(int input) => input % 24 == 5;

    /// <summary>Rows of which some inputs are far larger than the others, as in models of language.</summary>
    private static float[] Inputs(int rows, int seed, bool shifted = false) =>
        [.. Weights.Random(rows * Depth, seed).Select((x, i) => IsLarge((i + (shifted ? 11 : 0)) % Depth) ? 15 * x : x)];
}
