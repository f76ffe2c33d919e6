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

    /// <summary>Of weights [depth, channels] a look at each channel by itself would touch everything as often as there are channels.</summary>
    [Test]
    public void Errors_are_weighed_of_many_channels_together([Values(DataType.Float, DataType.Float16)] DataType type)
    {
        var floats = Tensor.Create([Depth, 200], Weights.Random(Depth * 200));
        var counted = new CountedTensor(type == DataType.Float ? floats : HalfPrecision.Convert(floats, type).Content);
        var trial = Trial(counted);
        var before = counted.Looks;

        trial.Relative([SizedChoice.Float(counted)]);

        Assert.That(counted.Looks - before, Is.EqualTo(4), "64 channels at a time");
    }

    /// <summary>Numbers too large for float16 are divided by a factor.</summary>
    [TestCase(1)]
    [TestCase(1e6f)]
    public void The_error_of_16_bits_is_that_of_what_they_stand_for(float scale)
    {
        var floats = Tensor.Create([Depth, 200], [.. Weights.Random(Depth * 200).Select(weight => scale * weight)]);
        var (half, trial) = (ScaledHalf.Of(floats, DataType.Float16), Trial(floats));
        var choice = trial.Half(half);

        Assert.That(half.Factor, scale == 1 ? Is.Null : Is.Not.Null);
        var rounded = trial.Rounded(choice).AsSpan<float>().ToArray();
        Assert.That(rounded, Is.EqualTo(half.Restore().AsSpan<float>().ToArray()));
        var error = floats.AsSpan<float>().ToArray().Zip(rounded, (w, r) => Math.Pow(w - r, 2)).Sum();
        Assert.That(choice.Local, Is.EqualTo(error).Within(0.01).Percent.And.GreaterThan(0));
    }

    /// <summary>Whoever looks once has made float32 of all.</summary>
    [Test]
    public void Weights_of_16_bits_are_not_held_in_32_to_be_weighed()
    {
        var floats = Tensor.Create([Depth, 200], Weights.Random(Depth * 200));
        var half = ScaledHalf.Of(floats, DataType.Float16);
        var counted = new CountedTensor(half.Rounded.Content);
        var choice = Trial(floats).Half(half with { Rounded = half.Rounded with { Content = counted } });

        Assert.That(counted.Looks, Is.EqualTo(4), "64 channels at a time");
        Assert.That(choice.Local, Is.EqualTo(Trial(floats).Half(half).Local));
    }

    /// <summary>The parts add up to the same, bit for bit.</summary>
    [Test]
    public void A_constant_of_one_channel_is_weighed_in_parts()
    {
        const int length = 3 * WeightTrial.TileDepth + 5;
        var floats = Tensor.Create([1, length], Weights.Random(length));
        var counted = new CountedTensor(floats);
        var g = new GraphBuilder();
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, 1, length), g.Initializer("offset", counted)));
        var trial = new WeightTrial(WeightCandidate.FindConstants(g.Build()).Single(), channelAxis: 0, [], learned: null);
        var half = ScaledHalf.Of(floats, DataType.Float16);

        var error = trial.Half(half).Local;

        Assert.That(counted.Looks, Is.EqualTo(4));
        float[] missed = [.. floats.AsSpan<float>().ToArray().Zip(half.Restore().AsSpan<float>().ToArray(), (number, rounded) => number - rounded)];
        Assert.That(error, Is.EqualTo(CodeJudge.Dot(missed, missed)));
    }

    private static WeightTrial Trial(Tensor content)
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        g.Output("y", g.Op("MatMul", g.Input("x", content.ElementType, 2, Depth), g.Weight("w", content)));
        return new WeightTrial(HalfWeights.Find(g.Build()).Single(), channelAxis: 1, [WeightAlgorithm.Find("mse")!], learned: null);
    }
}
