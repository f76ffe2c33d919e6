using ModelOptimizer.Calibration;
using ModelOptimizer.Onnx;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Calibration;

public sealed class ConstantsDigestTests
{
    private static readonly float[] s_weights = Weights.Random(5000);

    [Test]
    public void Last_bits_make_no_difference() =>
        Assert.That(IsLike([.. s_weights.Select((weight, i) => i % 2 == 0 ? MathF.BitIncrement(weight) : MathF.BitDecrement(weight))]), Is.True);

    [Test]
    public void Other_numbers_do()
    {
        Assert.That(IsLike([.. s_weights.Select(weight => weight * 1.001f)]), Is.False, "scaled");
        Assert.That(IsLike([.. s_weights.Select(weight => -weight)]), Is.False, "turned");
        Assert.That(IsLike([.. s_weights.Skip(2500), .. s_weights.Take(2500)]), Is.False, "moved");
        Assert.That(IsLike([.. s_weights.Select((weight, i) => i % 100 == 0 ? 0 : weight)]), Is.False, "pruned");
        Assert.That(IsLike([.. s_weights.Select(weight => MathF.Round(weight * 8) / 8)]), Is.False, "rounded");
    }

    [TestCase(128, 128, TestName = "Reversed_is_another(a bias)")]
    [TestCase(64 * 256, 256, TestName = "Reversed_is_another(columns)")]
    [TestCase(2048 * 2048, 2048, TestName = "Reversed_is_another(columns of a large matrix)")]
    public void Reversed_is_another(int count, int row)
    {
        var weights = Weights.Random(count);

        Assert.That(AreAlike(weights, [.. weights.Chunk(row).SelectMany(Enumerable.Reverse)]), Is.False);
    }

    [Test]
    public void Numbers_beside_infinity_count()
    {
        var masked = s_weights.Append(float.NegativeInfinity).ToArray();

        Assert.That(AreAlike(masked, [.. s_weights.Select(MathF.BitIncrement), float.NegativeInfinity]), Is.True);
        Assert.That(AreAlike(masked, [.. s_weights.Reverse(), float.NegativeInfinity]), Is.False);
    }

    [Test]
    public void Infinite_masks_are_like_themselves_only()
    {
        float[] mask = [0, 1e-20f, float.NegativeInfinity, float.NegativeInfinity];

        Assert.That(AreAlike(mask, [1e-20f, 0, float.NegativeInfinity, float.NegativeInfinity]), Is.True);
        Assert.That(AreAlike(mask, [0, 0, 0, float.NegativeInfinity]), Is.False, "fewer");
        Assert.That(AreAlike(mask, [float.NegativeInfinity, float.NegativeInfinity, 0, 0]), Is.False, "elsewhere");
        Assert.That(AreAlike(mask, [0, 0, float.PositiveInfinity, float.PositiveInfinity]), Is.False, "of the other sign");
        Assert.That(AreAlike(mask, [0, 0, float.NaN, float.NaN]), Is.False, "undefined");
        Assert.That(AreAlike(mask, [0, 0, -1e9f, -1e9f]), Is.False, "finite");
    }

    [Test]
    public void The_lowest_numbers_of_float_do_not_overflow()
    {
        float[] mask = [0, 0, float.MinValue, float.MinValue];

        Assert.That(AreAlike(mask, [0, 1, float.MinValue, float.MinValue]), Is.True);
        Assert.That(AreAlike(mask, [float.MinValue, float.MinValue, 0, 0]), Is.False);
        Assert.That(AreAlike(mask, [0, float.MinValue, float.MinValue, float.MinValue]), Is.False);
    }

    [TestCase(1e-10f, -1e-10f)]
    [TestCase(0, 1e-12f)]
    [TestCase(0.99e-9f, -1.01e-9f)]
    public void What_rounding_left_of_zero_is_alike(float one, float other) => Assert.That(AreAlike([one, one], [other, -other]), Is.True);

    [TestCase("")]
    [TestCase("no base 64")]
    [TestCase("AACA")]
    [TestCase("AACAPwAAgD8=")]
    public void Damaged_text_is_like_nothing(string text) =>
        Assert.That(ConstantsDigest.AreAlike(ConstantsDigest.Of([Tensor.Create([1], 1f)]), text), Is.False);

    private static bool IsLike(float[] others) => AreAlike(s_weights, others);

    private static bool AreAlike(float[] one, float[] other) => ConstantsDigest.AreAlike(Of(one), Of(other));

    private static string Of(float[] weights) => ConstantsDigest.Of([Tensor.Create([weights.Length], weights)]);
}
