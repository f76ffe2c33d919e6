using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization;

public sealed class SumRoundingTests
{
    private const int MaxCode = 255;
    private const int Depth = 120;

    private static readonly BlockScale Scale = new(0.05f, 128);

    [Test]
    public void Errors_of_a_channel_cancel_at_next_to_no_cost()
    {
        var mended = 0;
        for (var seed = 0; seed < 100; seed++)
        {
            var weights = Weights.Random(Depth, seed).Select(weight => weight / 4).ToArray();
            var (nearest, balanced) = (Nearest(weights), Balanced(weights));
            var (before, after) = (Errors(weights, nearest), Errors(weights, balanced));

            Assert.That(Math.Abs(after.Sum()), Is.LessThanOrEqualTo(0.51));
            Assert.That(after.Max(Math.Abs), Is.LessThan(1));
            Assert.That(after.Sum(error => error * error), Is.LessThan(1.15 * before.Sum(error => error * error) + 0.1));
            mended += Math.Abs(before.Sum()) > 2 ? 1 : 0;
        }
        Assert.That(mended, Is.GreaterThan(20), "there is something to mend");
    }

    /// <summary>Of errors of 0.4, 0.1, 0.3 and 0.45 steps the sum is 1.25: one code turns, the one nearest to a tie.</summary>
    [Test]
    public void The_weight_nearest_to_a_tie_turns()
    {
        float[] weights = [9.6f, -3.1f, 5.7f, 7.55f];
        var codes = new byte[4];
        Rounding.ToCodes(weights, new(1, 128), MaxCode, codes);

        SumRounding.Balance(weights, new(1, 128), MaxCode, codes);

        Assert.That(codes.Select(code => code - 128), Is.EqualTo(new[] { 10, -3, 6, 7 }));
    }

    [Test]
    public void Codes_stay_on_the_grid()
    {
        // All of them lie below their codes, some at the lower end of the grid.
        var weights = Enumerable.Range(0, 64).Select(i => (i % 2 == 0 ? -128 : -20) - 0.4f).ToArray();
        var codes = new byte[64];
        Rounding.ToCodes(weights, new(1, 128), MaxCode, codes);

        SumRounding.Balance(weights, new(1, 128), MaxCode, codes);

        Assert.That(codes.Where((_, i) => i % 2 == 0), Is.All.Zero);
        Assert.That(codes.Where((_, i) => i % 2 == 1).Distinct(), Is.EquivalentTo(new[] { 107, 108 }));
    }

    [Test]
    public void Neighbours_stay_within_their_sum()
    {
        // Pairs at the limit lie nearest to a tie; each of the others has room for one of its two.
        float[] weights = [64.45f, 64.45f, 60.4f, 67.4f, 10.3f, 10.3f, 3.2f, 4.2f];
        var codes = new byte[8];
        Rounding.ToCodes(weights, new(1, 128), MaxCode, codes);

        SumRounding.Balance(weights, new(1, 128), MaxCode, codes, safeSum: 128);

        // The errors add up to 2.7.
        Assert.That(codes.Select(code => code - 128), Is.EqualTo(new[] { 64, 64, 61, 67, 11, 11, 3, 4 }));
    }

    private static byte[] Nearest(float[] weights)
    {
        var codes = new byte[weights.Length];
        Rounding.ToCodes(weights, Scale, MaxCode, codes);
        return codes;
    }

    private static byte[] Balanced(float[] weights)
    {
        var codes = Nearest(weights);
        SumRounding.Balance(weights, Scale, MaxCode, codes);
        return codes;
    }

    private static List<double> Errors(float[] weights, byte[] codes) =>
        [.. weights.Zip(codes, (weight, code) => code - Scale.ZeroPoint - (double)weight / Scale.Scale)];
}
