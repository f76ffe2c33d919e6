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

    [Test]
    public void Infinite_masks_are_like_themselves()
    {
        var mask = ConstantsDigest.Of([Tensor.Create([2], 0f, float.NegativeInfinity)]);

        Assert.That(ConstantsDigest.AreAlike(mask, mask), Is.True);
        Assert.That(ConstantsDigest.AreAlike(mask, ConstantsDigest.Of([Tensor.Create([2], 0f, -1e9f)])), Is.False);
    }

    [TestCase("")]
    [TestCase("no base 64")]
    [TestCase("AACA")]
    public void Damaged_text_is_like_nothing(string text) =>
        Assert.That(ConstantsDigest.AreAlike(ConstantsDigest.Of([Tensor.Create([1], 1f)]), text), Is.False);

    private static bool IsLike(float[] others) => ConstantsDigest.AreAlike(Of(s_weights), Of(others));

    private static string Of(float[] weights) => ConstantsDigest.Of([Tensor.Create([weights.Length], weights)]);
}
