using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class LeastSquaresRoundingTests
{
    private static readonly WeightGrid Int8 = new(8, IsSymmetric: true);

    /// <summary>Channels × depth at random, with even and odd depths and some lone large weights.</summary>
    private static IEnumerable<(int Channels, float[] Weights)> Matrices() => Enumerable.Range(0, 300).Select(seed =>
    {
        var random = new Random(seed);
        var (channels, depth) = (random.Next(1, 10), random.Next(1, 71));
        return (channels, Enumerable.Range(0, channels * depth).Select(_ => (random.NextSingle() - 0.5f) * (random.Next(20) == 0 ? 8 : 1)).ToArray());
    });

    [Test]
    public void No_channel_is_further_from_its_weights_than_with_the_usual_steps()
    {
        foreach (var matrix in Matrices())
        {
            var weight = WeightMatrix.OfRows(Tensor.Create([matrix.Channels, matrix.Weights.Length / matrix.Channels], matrix.Weights));
            using var least = LeastSquaresRounding.Quantize(weight, Int8, sums: false)!;
            using var nearest = RoundToNearest.Quantize(weight, Int8, weight.Depth)!;
            for (var c = 0; c < weight.Channels; c++)
            {
                var channel = matrix.Weights.AsSpan(c * weight.Depth, weight.Depth).ToArray();
                var error = Error(channel, least, c);
                Assert.That(error, Is.LessThanOrEqualTo(1.0001 * Error(channel, nearest, c)));
                Assert.That(error, Is.LessThanOrEqualTo(1.0001 * ErrorOf(channel, channel.Max(MathF.Abs) / 127) + 1e-12));
            }
        }
    }

    [Test]
    public void Weights_that_are_summed_up_are_balanced_on_the_same_step()
    {
        var weight = WeightMatrix.OfRows(Tensor.Create([20, 300], Weights.Random(20 * 300)));
        using var sums = LeastSquaresRounding.Quantize(weight, Int8)!;
        using var rows = LeastSquaresRounding.Quantize(weight, Int8, sums: false)!;

        Assert.That(sums.Scales, Is.EqualTo(rows.Scales));
        Assert.That(Enumerable.Range(0, 20).Max(c => Math.Abs(SumOfErrors(sums, c))), Is.LessThan(0.51));
        Assert.That(Enumerable.Range(0, 20).Max(c => Math.Abs(SumOfErrors(rows, c))), Is.GreaterThan(3), "there is something to mend");

        double SumOfErrors(QuantizedWeight quantized, int c) => LeastSquaresRoundingTests.SumOfErrors(weight.Content.AsSpan<float>(), quantized, c);
    }

    [TestCase(1f)]
    [TestCase(0.02f)]
    public void Channels_with_wider_steps_are_balanced_on_these(float small)
    {
        // With mostly small weights beside a few large ones, neighbours at the limit are those that lie nearest to a tie.
        var weights = Weights.Random(20 * 300).Select((weight, i) => i % 150 < 2 ? 1 - i % 2 * 0.003f : weight * small).ToArray();
        using var within = LeastSquaresRounding.QuantizeWithin16Bits(WeightMatrix.OfRows(Tensor.Create([20, 300], weights)), Int8, out var widened)!;

        Assert.That(widened, Is.GreaterThan(15));
        Assert.That(SaturationBound.CountPairs(within), Is.Zero);
        Assert.That(Enumerable.Range(0, 20).Max(c => Math.Abs(SumOfErrors(weights, within, c))), Is.LessThan(0.51));
    }

    [Test]
    public void A_lone_large_weight_is_clipped_where_that_serves_the_others()
    {
        var weights = Weights.Random(40000).Select(weight => weight / 8).ToArray();
        weights[7] = 1.15f * weights.Max(MathF.Abs);
        using var least = LeastSquaresRounding.Quantize(WeightMatrix.OfRows(Tensor.Create([1, 40000], weights)), Int8)!;

        Assert.That(127.5f * least.Scales[0], Is.LessThan(weights[7]));
        Assert.That(Error(weights, least, 0), Is.LessThan(0.95 * ErrorOf(weights, weights[7] / 127)));
    }

    [Test]
    public void No_pair_overflows_16_bits_and_only_channels_that_would_get_coarser()
    {
        foreach (var matrix in Matrices())
        {
            var weight = WeightMatrix.OfRows(Tensor.Create([matrix.Channels, matrix.Weights.Length / matrix.Channels], matrix.Weights));
            using var free = LeastSquaresRounding.Quantize(weight, Int8, sums: false)!;
            using var within = LeastSquaresRounding.QuantizeWithin16Bits(weight, Int8, out var widened)!;

            Assert.That(SaturationBound.CountPairs(within), Is.Zero);
            Assert.That(widened, Is.EqualTo(Enumerable.Range(0, weight.Channels).Count(c => within.Scales[c] != free.Scales[c])));
            for (var c = 0; c < weight.Channels; c++)
            {
                var overflows = SaturationBound.LargestSum(free.Block(c, 0), Int8.Middle) > SaturationBound.SafeSum;
                Assert.That(within.Scales[c], overflows ? Is.GreaterThan(free.Scales[c]).And.LessThan(2.3f * free.Scales[c]) : Is.EqualTo(free.Scales[c]));
            }
        }
    }

    [Test]
    public void The_order_of_memory_does_not_matter()
    {
        var columns = Weights.Random(90 * 70);
        var rows = new float[columns.Length];
        for (var i = 0; i < columns.Length; i++)
            rows[i % 70 * 90 + i / 70] = columns[i];
        using var a = LeastSquaresRounding.Quantize(new WeightMatrix(Tensor.Create([90, 70], columns), 1), Int8)!;
        using var b = LeastSquaresRounding.Quantize(WeightMatrix.OfRows(Tensor.Create([70, 90], rows)), Int8)!;

        Assert.That(a.Codes.ToArray(), Is.EqualTo(b.Codes.ToArray()));
    }

    [Test]
    public void Infinite_weights_are_refused() =>
        Assert.That(LeastSquaresRounding.Quantize(WeightMatrix.OfRows(Tensor.Create([1, 2], 1f, float.PositiveInfinity)), Int8), Is.Null);

    /// <summary>Of one channel, in steps.</summary>
    private static double SumOfErrors(ReadOnlySpan<float> weights, QuantizedWeight quantized, int channel)
    {
        var sum = 0.0;
        for (var k = channel * quantized.Depth; k < (channel + 1) * quantized.Depth; k++)
            sum += quantized.Codes[k] - Int8.Middle - (double)weights[k] / quantized.Scales[channel];
        return sum;
    }

    private static double Error(float[] weights, QuantizedWeight quantized, int channel) =>
        Enumerable.Range(0, quantized.Depth).Sum(k => Math.Pow((quantized.Codes[channel * quantized.Depth + k] - quantized.Grid.Middle) * quantized.Scales[channel] - weights[k], 2));

    /// <summary>Of rounding to nearest on a given step.</summary>
    private static double ErrorOf(float[] weights, float step) => weights.Sum(weight => Math.Pow(Math.Clamp(MathF.Round(weight / step), -127, 127) * step - weight, 2));
}
