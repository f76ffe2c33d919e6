using CsCheck;
using ModelOptimizer.Calibration;

namespace ModelOptimizer.Tests.Calibration;

/// <summary>The fast forms of error and divergence against their definitions, bin by bin.</summary>
public sealed class BinnedTests
{
    private static readonly Gen<double[]> s_counts = Gen.OneOf(Gen.Const(0.0), Gen.Int[0, 1000].Select(count => (double)count)).Array[20, 200];

    [Test]
    public void The_error_is_that_of_numbers_spread_evenly_in_their_bins() =>
        Gen.Select(s_counts, Gen.Int[-100, 0], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Int[2, 6], Gen.Bool).Sample((counts, first, below, above, bits, symmetric) =>
        {
            const double width = 0.25;
            var grid = QuantizationGrid.Of(below * first * width, above * (first + counts.Length) * width, bits, symmetric);
            var (expected, spread) = (0.0, 200);
            for (var i = 0; i < counts.Length; i++)
                for (var k = 0; k < spread; k++)
                {
                    var x = (first + i + (k + 0.5) / spread) * width;
                    var near = grid.Scale == 0 ? 0 : Math.Clamp(Math.Round(x / grid.Scale) * grid.Scale, grid.Low, grid.High);
                    expected += counts[i] / spread * Math.Pow((x - near) / width, 2);
                }

            Assert.That(new BinnedError(counts, first, width).Of(grid), Is.EqualTo(expected).Within(0.01 * expected + 0.01));
        }, iter: 200);

    [Test]
    public void The_divergence_is_that_of_its_definition() =>
        Gen.Select(s_counts, Gen.Int[2, 10], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((counts, levels, a, b) =>
        {
            var start = (int)(a * (counts.Length - levels));
            var end = start + levels + (int)(b * (counts.Length - levels - start));

            Assert.That(new BinnedDivergence(counts, levels).Of(start, end), Is.EqualTo(Divergence(counts, levels, start, end)).Within(1e-9));
        }, iter: 500);

    private static double Divergence(double[] counts, int levels, int start, int end)
    {
        var (total, inside) = (counts.Sum(), counts[start..end].Sum());
        if (inside == 0)
            return total == 0 ? 0 : double.PositiveInfinity;
        var original = counts[start..end];
        original[0] += counts[..start].Sum();
        original[^1] += counts[end..].Sum();
        var (sum, free) = (0.0, 0);
        for (var level = 0; level < levels; level++)
        {
            var bins = Enumerable.Range(0, end - start).Where(i => i >= (end - start) * level / levels && i < (end - start) * (level + 1) / levels).ToList();
            var filled = bins.Count(i => counts[start + i] > 0);
            free += Math.Max(0, filled - 1);
            var quantized = filled == 0 ? 1e-9 : Math.Max(1e-9, bins.Sum(i => counts[start + i]) / filled / inside);
            sum += bins.Where(i => original[i] > 0).Sum(i => original[i] / total * Math.Log(original[i] / total / quantized));
        }
        return sum - free / (2 * total);
    }
}
