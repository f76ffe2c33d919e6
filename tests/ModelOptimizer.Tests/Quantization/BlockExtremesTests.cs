using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class BlockExtremesTests
{
    [Test]
    public void Extremes_are_found_wherever_they_stand()
    {
        for (var length = 1; length <= 40; length++)
            for (var place = 0; place < length; place++)
            {
                var weights = Enumerable.Range(0, length).Select(i => i % 5 - 2f).ToArray();
                (weights[place], weights[^(place + 1)]) = (-9, place == length - place - 1 ? -9 : 7);

                Assert.That(BlockExtremes.TryFind(weights, out var minimum, out var maximum));
                Assert.That((minimum, maximum), Is.EqualTo((weights.Min(), weights.Max())), $"{length} weights, {place}");
            }
    }

    [Test]
    public void A_weight_that_is_not_finite_is_noticed_wherever_it_stands(
        [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float damage, [Values(1, 7, 8, 9, 16, 33)] int length)
    {
        for (var place = 0; place < length; place++)
        {
            var weights = new float[length];
            weights[place] = damage;
            Assert.That(BlockExtremes.TryFind(weights, out _, out _), Is.False, $"{place}");
        }
    }
}
