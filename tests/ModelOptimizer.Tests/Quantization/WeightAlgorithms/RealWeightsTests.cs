using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Quantization.WeightAlgorithms;

/// <summary>What algorithms promise, on the weights of real models: less in sum than rounding to nearest, on each of them.</summary>
[Category("Slow")]
public sealed class RealWeightsTests
{
    private const int BlockSize = 32;

    /// <summary>So many channels of a weight, spread evenly, speak for it.</summary>
    private const int Channels = 4;

    /// <summary>Nor more of a channel, such as a table that is looked up in whole.</summary>
    private const int MostDepth = 1 << 14;

    private static readonly (string Algorithm, double Power)[] s_promises = [("mse", 2), ("hqq", 0.7)];

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Mse_leaves_less_squared_error_and_hqq_less_of_its_own_objective(string path)
    {
        var weights = WeightCandidate.Find(OnnxModel.Load(path)).Where(weight => weight.Content.ElementType == DataType.Float && weight.Content.ElementCount > 0)
            .Select(Matrix).Where(weight => weight.Depth is > 1 and <= MostDepth).Select(weight => weight.Some(Channels)).ToList();
        if (weights.Count == 0)
            Assert.Ignore("No weights of float32");

        Assert.Multiple(() =>
        {
            foreach (var bits in new[] { 2, 3, 4 })
                foreach (var isBlocked in new[] { true, false })
                    foreach (var (algorithm, power) in s_promises)
                    {
                        var (found, nearest) = (Error(WeightAlgorithm.Find(algorithm)!), Error(WeightAlgorithm.RoundToNearest));
                        TestContext.Out.WriteLine($"{algorithm}, {bits} bits, {(isBlocked ? "blocks" : "channels")}: {100 * found / nearest:0.0}%");
                        Assert.That(found, Is.LessThan(nearest), $"{algorithm}, {bits} bits, {(isBlocked ? "blocks" : "channels")}");

                        double Error(WeightAlgorithm by) => weights.Sum(weight => Missed(weight, by, bits, isBlocked ? BlockSize : weight.Depth, power));
                    }
        });
    }

    private static WeightMatrix Matrix(WeightCandidate weight) => new(weight.Content,
        TiedWeight.Of(weight) is null ? WeightSlots.ChannelAxis(weight.Uses.First(WeightSlots.IsWeight), weight.Content.Dimensions.Length) : 0);

    /// <summary>Σ |error|^power.</summary>
    private static double Missed(WeightMatrix weight, WeightAlgorithm algorithm, int bits, int blockSize, double power)
    {
        using var quantized = algorithm.Quantize(weight, new WeightGrid(bits, IsSymmetric: true), blockSize)!;
        var exact = new float[weight.Channels * weight.Depth];
        weight.Read(0, weight.Channels, 0, weight.Depth, exact);
        return exact.Zip(Weights.Dequantize(quantized, channelAxis: 0), (w, r) => Math.Pow(Math.Abs((double)w - r), power)).Sum();
    }
}
