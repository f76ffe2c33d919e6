using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>What some channels of a weight show holds for all of them.</summary>
public sealed class WeightTrialTests
{
    private const int Depth = 96;

    [Test]
    public void The_error_is_that_of_all_channels(
        [Values(2, 4)] int bits, [Values] bool symmetric, [Values(WeightTrial.SampledChannels, 10 * WeightTrial.SampledChannels + 3)] int channels)
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        // Bell-shaped within a channel: there clipping gains, so that the algorithm's choice differs from the nearest.
        var content = Tensor.Create([Depth, channels], Weights.Random(Depth * channels));
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, Depth), g.Weight("w", content)));
        var weight = HalfWeights.Find(g.Build()).Single();
        var options = new QuantizeWeightsOptions { Bits = bits, Symmetric = symmetric, BlockSize = 32 };
        var plan = new WeightPlanner(options).Plan(weight, opset: 21).Plan!;
        var trial = new WeightTrial(weight, plan.ChannelAxis, [WeightAlgorithm.Find("mse")!], learned: null);

        var choice = trial.Try(plan, options)!;

        var rounded = trial.Rounded(choice).AsSpan<float>().ToArray();
        var error = content.AsSpan<float>().ToArray().Zip(rounded, (w, r) => Math.Pow(w - r, 2)).Sum();
        var nearest = Weights.Rounded(content, 1, bits, 32, symmetric).AsSpan<float>().ToArray();
        var plain = content.AsSpan<float>().ToArray().Zip(nearest, (w, r) => Math.Pow(w - r, 2)).Sum();
        Assert.That(choice.Setting!.Algorithm.Name, Is.EqualTo("mse"));
        Assert.That(choice.Local, Is.EqualTo(error).Within(channels > WeightTrial.SampledChannels ? 3 : 0.01).Percent);
        Assert.That(error, Is.LessThan(0.95 * plain));
    }
}
