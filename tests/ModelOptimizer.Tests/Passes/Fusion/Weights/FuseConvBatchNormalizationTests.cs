using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Fusion;

public sealed class FuseConvBatchNormalizationTests
{
    private static readonly FuseConvBatchNormalization Pass = new();

    private static readonly TensorType Image = new(DataType.Float, Shape.Of(1, 4, 6, 6));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => Normalize(g, g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3)), g.Weight("b", Numbers.Signed(2, 6))), 6),
        Image, opsets: [17, 8, 9, 14, 15, 21],
        missingOptional: (g, x) => Normalize(g, g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3))), 6));

    [TestCaseSource(nameof(Rows))]
    public void Standard_rows(StandardRow row) => PassTester.Run(Pass, row);

    private static IEnumerable<TestCaseData> Kinds =>
    [
        Kind("padded with strides", "Conv", [8, 4, 3, 3], 8, ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 })),
        Kind("grouped", "Conv", [8, 2, 3, 3], 8, ("group", 2)),
        Kind("depthwise with a multiplier", "Conv", [8, 1, 3, 3], 8, ("group", 4)),
        Kind("transposed", "ConvTranspose", [4, 5, 3, 3], 5),
        Kind("transposed and grouped", "ConvTranspose", [4, 3, 2, 2], 6, ("group", 2), ("strides", new long[] { 2, 2 })),
        Kind("one output channel", "Conv", [1, 4, 1, 1], 1),
    ];

    [TestCaseSource(nameof(Kinds))]
    public void All_kinds_of_convolution(string opType, long[] weight, int channels, (string, object)[] attributes)
    {
        var g = new GraphBuilder();
        g.Output("y", Normalize(g, g.Op(opType, [g.Input("x", Image), g.Weight("w", Numbers.Signed(1, weight))], attributes), channels));

        PassTester.Run(Pass, g.Build()).Leaves(opType);
    }

    [TestCase(1)]
    [TestCase(3)]
    public void Any_number_of_axes(int axes)
    {
        var g = new GraphBuilder();
        long[] kernel = [.. Enumerable.Repeat(2L, axes)];
        var x = g.Input("x", new TensorType(DataType.Float, Shape.Of([1, 4, .. Enumerable.Repeat(5L, axes)])));
        g.Output("y", Normalize(g, g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, [3, 4, .. kernel]))), 3));

        PassTester.Run(Pass, g.Build()).Leaves("Conv");
    }

    [Test]
    public void Half_precision_is_computed_in_double_and_rounded_once()
    {
        var weight = Numbers.Of(DataType.Float16, 1, -1, 2, 4, 1, 1);
        var (scale, variance) = (Numbers.Of(DataType.Float16, 2, 0.5, 2), Numbers.Of(DataType.Float16, 3, 0.5, 2));
        var g = new GraphBuilder();
        var zero = g.Weight("zero", Numbers.Of(DataType.Float16, 4, 0, 2));
        var conv = g.Op("Conv", g.Input("x", DataType.Float16, 1, 4, 2, 2), g.Weight("w", weight));
        g.Output("y", g.Op("BatchNormalization", conv, g.Weight("scale", scale), zero, zero, g.Weight("variance", variance)));

        var test = PassTester.Run(Pass, g.Build(), tolerance: new Tolerance(1e-2)).Leaves("Conv");

        var folded = test.Model.Graph.Nodes.First!.Input(1)!.Constant!.AsSpan<Half>().ToArray();
        Assert.That(folded, Is.EqualTo(Enumerable.Range(0, 8).Select(i => (Half)((double)weight.AsSpan<Half>()[i]
            * ((double)scale.AsSpan<Half>()[i / 4] / Math.Sqrt((double)variance.AsSpan<Half>()[i / 4] + 1e-5f))))));
    }

    [Test]
    public void A_channel_scaled_by_zero_shows_its_bias()
    {
        var g = new GraphBuilder();
        var conv = g.Op("Conv", g.Input("x", Image), g.Weight("w", Numbers.Signed(1, 2, 4, 1, 1)));
        g.Output("y", Normalize(g, conv, 2, scale: Tensor.Create([2], 0f, 1f)));

        PassTester.Run(Pass, g.Build()).Leaves("Conv");
    }

    [Test]
    public void Weights_shared_by_equal_pairs_stay_shared()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Image);
        g.Output("y", Normalize(g, g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3))), 6));
        g.Output("z", Normalize(g, g.Op("Conv", g.Op("Abs", x), g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3))), 6));

        var test = PassTester.Run(Pass, g.Build()).Leaves("Conv", "Abs", "Conv");

        Assert.That(test.Initializers.Count(value => value.Constant!.Dimensions.Length == 4), Is.EqualTo(1));
    }

    [Test]
    public void What_was_folded_is_gone()
    {
        var g = new GraphBuilder();
        g.Output("y", Normalize(g, g.Op("Conv", g.Input("x", Image), g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3))), 6));

        Assert.That(PassTester.Run(Pass, g.Build()).Initializers.Count(), Is.EqualTo(2), "weight and bias");
    }

    private static IEnumerable<TestCaseData> Refusals =>
    [
        Refusal("read elsewhere too", "has other readers", (g, conv) => g.Op("Add", Normalize(g, conv, 6), conv)),
        Refusal("in training mode", "training mode", (g, conv) => Normalize(g, conv, 6, attributes: ("training_mode", 1)), opset: 14),
        Refusal("per place", "not channels", (g, conv) => Normalize(g, conv, 6, attributes: ("spatial", 0)), opset: 8),
        Refusal("scale that is computed", "its scale is not constant", (g, conv) =>
            g.Op("BatchNormalization", conv, g.Input("s", DataType.Float, 6), g.Weight("b", Numbers.Signed(2, 6)),
                g.Weight("m", Numbers.Signed(3, 6)), g.Weight("v", Numbers.Positive(4, 6)))),
        Refusal("negative variance", "not finite", (g, conv) =>
            Normalize(g, conv, 6, variance: Tensor.Create([6], 1f, 1f, 1f, 1f, 1f, -1e-5f))),
        Refusal("too large", "the folded weight is not finite", (g, conv) =>
            Normalize(g, conv, 6, scale: Filled(3e38f), variance: Filled(1e-5f))),
        Refusal("too small", "would vanish", (g, conv) => Normalize(g, conv, 6, scale: Filled(1e-39f))),
    ];

    [TestCaseSource(nameof(Refusals))]
    public void Refuses(string reason, Func<GraphBuilder, Value, Value> normalize, long opset)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", normalize(g, g.Op("Conv", g.Input("x", Image), g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3)))));
        var model = g.Build();

        // The runtime itself declines some of these.
        var log = PassContexts.Run(model, Pass);

        new PassTest(model, log).Refuses(reason);
    }

    [Test]
    public void A_weight_that_another_reads_as_it_is_stays()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Image);
        g.Output("y", Normalize(g, g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3))), 6));
        g.Output("z", g.Op("Conv", x, g.Weight("w", Numbers.Signed(1, 6, 4, 3, 3))));

        PassTester.Run(Pass, g.Build()).Refuses("a second copy");
    }

    [Test]
    public void Quantized_weights_stay()
    {
        var g = new GraphBuilder();
        var codes = g.Initializer("codes", Tensor.Create<sbyte>(DataType.Int8, [1, 4, 1, 1], [1, -2, 3, 4]));
        var weight = g.Op("DequantizeLinear", codes, g.Initializer("scale", [], 0.5f));
        g.Output("y", Normalize(g, g.Op("Conv", g.Input("x", Image), weight), 1));

        PassTester.Run(Pass, g.Build()).Refuses("is quantized");
    }

    [Test]
    public void A_group_that_comes_from_a_functions_caller_is_no_default()
    {
        var g = new GraphBuilder { Weights = Testing.WeightForm.ConstantNode };
        g.Function("local", "Block", 1, (f, inputs) =>
        {
            var conv = f.FromCaller<long>(f.Node("Conv", [inputs[0], f.Weight("w", Numbers.Signed(1, 6, 2, 3, 3))]), "group");
            return [Normalize(f, conv.Output(), 6)];
        });
        g.Output("y", g.Op("local.Block", [g.Input("x", Image)], ("group", 2L)));

        PassTester.Run(Pass, g.Build()).Refuses("an attribute comes from the function's caller");
    }

    /// <summary>Inference form, with weights that the row or test supplies.</summary>
    internal static Value Normalize(GraphBuilder g, Value x, int channels, Tensor? scale = null, Tensor? variance = null,
        params (string, object)[] attributes) =>
        g.Op("BatchNormalization",
        [
            x, g.Weight("scale", scale ?? Numbers.Positive(11, channels)), g.Weight("bias", Numbers.Signed(12, channels)),
            g.Weight("mean", Numbers.Signed(13, channels)), g.Weight("variance", variance ?? Numbers.Positive(14, channels)),
        ], attributes);

    private static Tensor Filled(float value) => Tensor.Create([6], [.. Enumerable.Repeat(value, 6)]);

    private static TestCaseData Kind(string name, string opType, long[] weight, int channels, params (string, object)[] attributes) =>
        new TestCaseData(opType, weight, channels, attributes).SetArgDisplayNames(name);

    private static TestCaseData Refusal(string name, string reason, Func<GraphBuilder, Value, Value> normalize, long opset = 17) =>
        new TestCaseData(reason, normalize, opset).SetArgDisplayNames(name);
}
