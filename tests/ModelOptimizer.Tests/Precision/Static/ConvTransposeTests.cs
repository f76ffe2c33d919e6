using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>The runtime has no integer kernel for ConvTranspose: quantized it is smaller, and only on request.</summary>
public sealed class ConvTransposeTests
{
    private const int PerGroup = 6;
    private static readonly QuantizeStaticOptions OnRequest = new() { Operators = ["ConvTranspose"] };

    private static IEnumerable<TestCaseData> StandardForms =>
        StandardRows.Of((g, x) => Upsample(g, x), Picture, [17, 9, 11, 21], missingOptional: (g, x) => Upsample(g, x, bias: false));

    [TestCaseSource(nameof(StandardForms))]
    public void Keeps_the_answer_within_8_bits(StandardRow row) => PassTester.Run(new QuantizeStatic(OnRequest), row);

    /// <summary>The weight is [inputs, outputs ÷ groups, height, width]: channels lie along axis 1, and groups share their scales.</summary>
    [Test]
    public void Weights_have_a_scale_for_each_channel_of_axis_1_and_biases_that_times_the_activation_s([Values(1, 2, 4)] int groups)
    {
        var bias = Weights.Random(PerGroup * groups, seed: 3);
        var g = new GraphBuilder();
        g.Output("y", Upsample(g, g.Input("x", Picture), groups));

        var test = Quantize(g.Build(), OnRequest);

        var node = test.Model.Graph.Nodes.Single(node => node.Is("ConvTranspose"));
        var (activation, weight, stored) = (Dequantize(node, 0), Dequantize(node, 1), Dequantize(node, 2));
        var scales = weight.Input(1)!.Constant!;
        Assert.That(weight.Attributes.GetInt("axis", -1), Is.EqualTo(1));
        Assert.That(scales.Dimensions, Is.EqualTo(new long[] { PerGroup }));
        Assert.That(scales.AsSpan<float>().ToArray(), Is.EqualTo(LargestByChannel(groups).Select(largest => largest / 127)).Within(1e-6).Percent);

        var step = activation.Input(1)!.Constant!.AsSpan<float>()[0];
        var wanted = Enumerable.Range(0, bias.Length).Select(i => step * scales.AsSpan<float>()[i % PerGroup]).ToArray();
        Assert.That(stored.Input(0)!.Constant!.ElementType, Is.EqualTo(DataType.Int32));
        Assert.That(stored.Input(1)!.Constant!.AsSpan<float>().ToArray(), Is.EqualTo(wanted).Within(1e-4).Percent, "activation's × weight's scale");
        Assert.That(stored.Input(0)!.Constant!.AsSpan<int>().ToArray(), Is.EqualTo(bias.Select((b, i) => Math.Round(b / wanted[i]))).Within(1));
    }

    [Test]
    public void One_scale_serves_all_channels_where_that_is_asked_for()
    {
        var g = new GraphBuilder();
        g.Output("y", Upsample(g, g.Input("x", Picture)));

        var test = Quantize(g.Build(), OnRequest with { PerChannel = false });

        Assert.That(Dequantize(test.Model.Graph.Nodes.Single(node => node.Is("ConvTranspose")), 1).Input(1)!.Constant!.ElementCount, Is.EqualTo(1));
    }

    [Test]
    public void Stays_float_by_default_with_the_reason()
    {
        var g = new GraphBuilder();
        g.Output("y", Upsample(g, Conv(g, g.Input("x", Picture))));

        var test = Quantize(g.Build());

        Assert.That(test.Log.Nodes.Select(node => node.Operator), Is.EqualTo(new[] { "Conv" }));
        var refusal = test.Log.Refusals.Single(refusal => refusal.Where.StartsWith("ConvTranspose", StringComparison.Ordinal));
        Assert.That(refusal.Why, Does.Contain("no integer kernel").And.Contain("operators:"));
    }

    private static Value Upsample(GraphBuilder g, Value x, int groups = 1, bool bias = true)
    {
        var numbers = Tensor.Create([PerGroup * groups], Weights.Random(PerGroup * groups, seed: 3));
        return g.Op("ConvTranspose", [x, g.Weight("up_weight", Kernel(groups)), bias ? g.Weight("up_bias", numbers) : null],
            ("strides", new long[] { 2, 2 }), ("group", groups));
    }

    /// <summary>Each channel is twice as large as the one before.</summary>
    private static Tensor Kernel(int groups) => Tensor.Create([Channels, PerGroup, 2, 2],
        [.. Weights.Random(Channels * PerGroup * 4, seed: groups).Select((weight, i) => weight / 64 * (1 << i / 4 % PerGroup))]);

    private static IEnumerable<float> LargestByChannel(int groups)
    {
        var kernel = Kernel(groups).AsSpan<float>().ToArray();
        return Enumerable.Range(0, PerGroup).Select(channel => kernel.Where((_, i) => i / 4 % PerGroup == channel).Max(Math.Abs));
    }

    private static Node Dequantize(Node node, int input)
    {
        var producer = node.Input(input)!.Producer!;
        Assert.That(producer.OpType, Is.EqualTo("DequantizeLinear"));
        return producer;
    }
}
