using CsCheck;
using ModelOptimizer.Onnx;
using ModelOptimizer.Quantization;

namespace ModelOptimizer.Tests.Quantization.WeightAlgorithms;

/// <summary>Each algorithm against rounding to nearest, by what it promises to lessen.</summary>
public sealed class BlockAlgorithmTests
{
    private static readonly Gen<float> Weight = Gen.OneOf(Gen.Float[-3, 3], Gen.Float[-0.1f, 0.1f], Gen.Const(0f), Gen.Float[0, 30]);

    private static readonly Gen<(float[] Weights, WeightGrid Grid, int BlockSize)> Case = Gen.Select(
        Weight.Array[1, 100], Gen.Int[2, 8], Gen.Bool, Gen.Int[4, 6],
        (weights, bits, symmetric, log) => (weights, new WeightGrid(bits, symmetric), 1 << log));

    public static IEnumerable<TestCaseData> Promises()
    {
        yield return new TestCaseData("mse", (Func<float[], float[], double>)SquaredError);
        yield return new TestCaseData("k-quant", (Func<float[], float[], double>)BySize);
        yield return new TestCaseData("hqq", (Func<float[], float[], double>)Lean);
    }

    [TestCaseSource(nameof(Promises))]
    public void No_block_is_worse_than_rounded_to_nearest(string name, Func<float[], float[], double> error) =>
        Case.Sample(test =>
        {
            var found = Errors(WeightAlgorithm.Find(name)!, test, error);
            var nearest = Errors(WeightAlgorithm.RoundToNearest, test, error);
            return found.Zip(nearest).All(pair => pair.First <= pair.Second * 1.0001 + 1e-12);
        });

    /// <summary>Of bell-shaped weights in blocks of 32; the shares are those that were measured, and a little.</summary>
    [TestCase("mse", 4, true, 0.9)]
    [TestCase("mse", 4, false, 0.92)]
    [TestCase("mse", 2, true, 0.76)]
    [TestCase("mse", 2, false, 0.67)]
    [TestCase("k-quant", 4, true, 0.9)]
    [TestCase("hqq", 4, true, 0.95)]
    [TestCase("hqq", 2, false, 0.8)]
    public void What_is_lessened_falls_to_a_share(string name, int bits, bool symmetric, double share)
    {
        var test = (Gaussian(32 * 500), new WeightGrid(bits, symmetric), 32);
        var error = (Func<float[], float[], double>)Promises().Single(promise => (string)promise.Arguments[0]! == name).Arguments[1]!;

        var (found, nearest) = (Errors(WeightAlgorithm.Find(name)!, test, error).Sum(), Errors(WeightAlgorithm.RoundToNearest, test, error).Sum());
        Assert.That(found / nearest, Is.LessThan(share));
    }

    /// <summary>
    /// The best scale of a block lies where some weight changes its code, or is best for the codes between two such: all of them are tried here.
    /// </summary>
    [TestCase(2, true)]
    [TestCase(2, false)]
    [TestCase(4, true)]
    [TestCase(4, false)]
    public void The_squared_error_is_within_one_percent_of_the_least_there_is(int bits, bool symmetric)
    {
        var (weights, grid) = (Gaussian(32 * 100), new WeightGrid(bits, symmetric));
        var points = symmetric ? [grid.Middle] : Enumerable.Range(0, grid.MaxCode + 1);
        var least = weights.Chunk(32).Sum(block => points.Min(zero => LeastSquaredError(block, grid, zero)));

        Assert.That(Errors(WeightAlgorithm.Find("mse")!, (weights, grid, 32), SquaredError).Sum() / least, Is.InRange(0.9999, 1.01));
    }

    [Test]
    public void Damaged_weights_are_refused([Values("mse", "k-quant", "hqq", "round-to-nearest")] string name)
    {
        var weight = WeightMatrix.OfRows(Tensor.Create([1, 40], [.. Weights.Random(39), float.NaN]));

        Assert.That(WeightAlgorithm.Find(name)!.Quantize(weight, new WeightGrid(4, true), 32), Is.Null);
    }

    private static double LeastSquaredError(float[] weights, WeightGrid grid, int zero)
    {
        var breaks = weights.Where(w => w != 0)
            .SelectMany(w => Enumerable.Range(0, grid.MaxCode).Select(code => w / (code - zero + 0.5))).Order().ToList();
        var scales = breaks.Zip(breaks.Skip(1), (a, b) => (a + b) / 2).Append(1e9).Where(scale => scale != 0);
        return scales.Min(scale =>
        {
            var levels = weights.Select(w => Math.Clamp(Math.Round(w / scale), -zero, grid.MaxCode - zero)).ToList();
            var square = levels.Sum(level => level * level);
            var best = square == 0 ? scale : levels.Zip(weights, (level, w) => level * w).Sum() / square;
            return levels.Zip(weights, (level, w) => Math.Pow(level * best - w, 2)).Sum();
        });
    }

    private static List<double> Errors(
        WeightAlgorithm algorithm, (float[] Weights, WeightGrid Grid, int BlockSize) test, Func<float[], float[], double> error)
    {
        var weight = WeightMatrix.OfRows(Tensor.Create([1, test.Weights.Length], test.Weights));
        using var quantized = algorithm.Quantize(weight, test.Grid, test.BlockSize)!;
        var rounded = Weights.Dequantize(quantized, channelAxis: 0);
        return [.. test.Weights.Chunk(test.BlockSize).Zip(rounded.Chunk(test.BlockSize), error)];
    }

    private static double SquaredError(float[] weights, float[] rounded) => weights.Zip(rounded, (w, r) => Math.Pow((double)w - r, 2)).Sum();

    private static double BySize(float[] weights, float[] rounded)
    {
        var usual = Math.Sqrt(weights.Average(w => (double)w * w));
        return weights.Zip(rounded, (w, r) => (usual + Math.Abs(w)) * Math.Pow((double)w - r, 2)).Sum();
    }

    private static double Lean(float[] weights, float[] rounded) => weights.Zip(rounded, (w, r) => Math.Pow(Math.Abs((double)w - r), 0.7)).Sum();

    private static float[] Gaussian(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
