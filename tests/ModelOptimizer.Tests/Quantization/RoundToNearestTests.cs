using CsCheck;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class RoundToNearestTests
{
    private static readonly Gen<float> Weight = Gen.OneOf(Gen.Float[-3, 3], Gen.Float[-1e-30f, 1e-30f], Gen.Const(0f), Gen.Float[0, 1e30f], Gen.Const(1e-44f));

    [Test]
    public void No_weight_moves_by_more_than_half_a_step() =>
        Gen.Select(Weight.Array[1, 200], Gen.Int[0, 4].Select(i => new[] { 2, 3, 4, 7, 8 }[i]), Gen.Bool, Gen.Int[4, 8].Select(log => 1 << log)).Sample((weights, bits, symmetric, blockSize) =>
        {
            var matrix = new WeightMatrix(Tensor.Create([1, weights.Length], weights), channelAxis: 0);
            using var quantized = RoundToNearest.Quantize(matrix, new WeightGrid(bits, symmetric), blockSize)!;
            var rounded = Weights.Dequantize(quantized, channelAxis: 0);
            return Enumerable.Range(0, weights.Length).All(i =>
                Math.Abs((double)rounded[i] - weights[i]) <= Math.Abs(quantized.Scales[i / blockSize]) * (0.5 + 1e-4));
        });

    [TestCase(4, 7)]
    [TestCase(4, -7)]
    [TestCase(2, 1)]
    [TestCase(8, -128)]
    public void The_longer_side_of_a_block_reaches_the_end_of_the_full_grid(int bits, float extreme)
    {
        var fit = new WeightGrid(bits, IsSymmetric: true).Fit(Math.Min(extreme, -extreme / 2), Math.Max(extreme, -extreme / 2));

        Assert.That(Math.Round(extreme / fit.Scale), Is.EqualTo(-(1 << (bits - 1))));
    }

    [Test]
    public void Steps_of_8_bit_weights_are_positive() =>
        Assert.That(new WeightGrid(8, IsSymmetric: true).Fit(-1, 3).Scale, Is.EqualTo(3 / 127.5f));

    [Test]
    public void An_asymmetric_grid_spans_the_block_and_zero()
    {
        var fit = new WeightGrid(4, IsSymmetric: false).Fit(1, 3);

        Assert.That(fit, Is.EqualTo(new BlockScale(3 / 15f, 0)));
    }

    [Test]
    public void Blocks_of_zeros_stay_zeros([Values] bool symmetric) =>
        Assert.That(Weights.Rounded(Tensor.Create([4, 20], new float[80]), 1, 4, 16, symmetric).AsSpan<float>().ToArray(), Is.All.Zero);

    [TestCase(float.NaN)]
    [TestCase(float.PositiveInfinity)]
    [TestCase(float.NegativeInfinity)]
    public void Weights_that_are_not_finite_are_refused(float damage)
    {
        var weights = Weights.Random(300);
        weights[217] = damage;

        Assert.That(RoundToNearest.Quantize(new WeightMatrix(Tensor.Create([100, 3], weights), 1), new WeightGrid(8, true), 100), Is.Null);
    }

    [Test]
    public void Codes_are_restored_as_the_formula_says([Values(1, 16, 50, 100)] int blockSize, [Values] bool symmetric)
    {
        using var quantized = RoundToNearest.Quantize(
            new WeightMatrix(Tensor.Create([3, 100], Weights.Random(300)), 0), new WeightGrid(4, symmetric), blockSize)!;
        var restored = new float[300];
        for (var c = 0; c < 3; c++)
            quantized.Restore(c, restored.AsSpan(c * 100, 100));

        Assert.That(restored, Is.EqualTo(Weights.Dequantize(quantized, channelAxis: 0)));
    }

    /// <summary>The middle ones of as many stretches, whichever axis they stand on.</summary>
    [TestCase(0)]
    [TestCase(1)]
    public void Some_channels_are_spread_evenly(int channelAxis)
    {
        var numbers = Enumerable.Range(0, 60).Select(i => (float)i).ToArray();
        var matrix = new WeightMatrix(Tensor.Create(channelAxis == 0 ? [20, 3] : [3, 20], numbers), channelAxis);
        var (some, all) = (matrix.Some(4), matrix.Some(20));
        var read = new float[12];
        some.Read(0, 4, 0, 3, read);

        Assert.That((some.Channels, some.Depth), Is.EqualTo((4, 3)));
        Assert.That(read, Is.EqualTo(new[] { 2, 7, 12, 17 }.SelectMany(
            c => Enumerable.Range(0, 3).Select(k => numbers[channelAxis == 0 ? c * 3 + k : k * 20 + c]))));
        Assert.That(all, Is.SameAs(matrix));
    }

    [Test]
    public void The_layout_of_a_matrix_changes_nothing([Values(1, 17, 64, 131)] int channels, [Values(1, 31, 100)] int depth)
    {
        var rows = Weights.Random(channels * depth);
        var columns = Enumerable.Range(0, rows.Length).Select(i => rows[i % channels * depth + i / channels]).ToArray();

        using var a = RoundToNearest.Quantize(new WeightMatrix(Tensor.Create([channels, depth], rows), 0), new WeightGrid(4, false), 32)!;
        using var b = RoundToNearest.Quantize(new WeightMatrix(Tensor.Create([depth, channels], columns), 1), new WeightGrid(4, false), 32)!;

        Assert.That(a.Codes.SequenceEqual(b.Codes) && a.Scales.SequenceEqual(b.Scales) && a.ZeroPoints.SequenceEqual(b.ZeroPoints));
    }

    [Test]
    public void Vector_and_scalar_rounding_agree()
    {
        var weights = Weights.Random(16).Append(0.5f).Append(1.5f).Append(-2.5f).ToArray();
        var scale = new BlockScale(1, 8);
        var together = new byte[weights.Length];
        Rounding.ToCodes(weights, scale, 15, together);

        var alone = weights.Select(weight =>
        {
            var code = new byte[1];
            Rounding.ToCodes([weight], scale, 15, code);
            return code[0];
        });

        Assert.That(together, Is.EqualTo(alone));
        Assert.That(together[^3..], Is.EqualTo(new byte[] { 8, 10, 6 }), "ties go to even");
    }
}
