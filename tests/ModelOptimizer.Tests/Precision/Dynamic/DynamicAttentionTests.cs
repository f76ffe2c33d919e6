using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Dynamic;

public sealed class DynamicAttentionTests
{
    private const int Hidden = 24;
    private const int Rows = 5;
    private static readonly TensorType X = new(DataType.Float, Shape.Of(2, Rows, Hidden));
    private static readonly Tolerance IntegerActivations = new(0.03);

    private static IEnumerable<TestCaseData> Situations => StandardRows.Of((g, x) => g.Op("com.microsoft.Attention", [x, Weight(g), Bias(g)], ("num_heads", 4)), X, [17, 11, 21]);

    [TestCaseSource(nameof(Situations))]
    public void Keeps_attention_within_8_bits(StandardRow row) => PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), row);

    [Test]
    public void Masks_and_past([Values("none", "lengths", "rows", "past")] string what, [Values(0, 1)] int unidirectional)
    {
        var g = new GraphBuilder();
        var mask = what switch
        {
            "lengths" => g.Initializer("mask", Tensor.Create(DataType.Int32, [2], new[] { 3, 5 })),
            "rows" => g.Initializer("mask", Tensor.Create(DataType.Int32, [2, Rows], new[] { 1, 1, 1, 0, 0, 1, 1, 1, 1, 1 })),
            _ => null,
        };
        var past = what == "past" ? g.Input("past", DataType.Float, 2, 2, 4, 3, Hidden / 4) : null;
        var node = g.Node("com.microsoft.Attention", [g.Input("x", X), Weight(g), Bias(g), mask, past], past is null ? 1 : 2, ("num_heads", 4), ("unidirectional", unidirectional));
        g.Output("y", node.Output());
        if (past is not null)
            g.Output("present", node.Output(1));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        test.Leaves("DynamicQuantizeLinear", "QAttention");
        Assert.That(test.Log.Weights.Single().Form, Is.EqualTo("int8 per channel as com.microsoft.QAttention"));
    }

    /// <summary>Not run: ONNX Runtime 1.31 crashes on its own Attention without a bias.</summary>
    [Test]
    public void A_missing_bias_is_written_as_zeros()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("com.microsoft.Attention", [g.Input("x", X), Weight(g)], ("num_heads", 4)));
        var model = g.Build();

        PassContexts.Run(model, new QuantizeDynamic(new() { Prefer = Preference.Size }));

        Assert.That(model.Graph.Nodes.Last!.Input(2)!.Constant!.AsSpan<float>().ToArray(), Is.EqualTo(new float[3 * Hidden]));
    }

    [Test]
    public void Projections_beside_it_share_its_quantization()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", X);
        g.Output("y", g.Op("com.microsoft.Attention", [x, Weight(g), Bias(g)], ("num_heads", 4)));
        g.Output("z", g.Op("MatMul", x, g.Weight("other", Tensor.Create([Hidden, 50], Weights.Random(Hidden * 50)))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators.Count(name => name == "DynamicQuantizeLinear"), Is.EqualTo(1));
    }

    [TestCase("bias of scores")]
    [TestCase("rotate")]
    [TestCase("of one size")]
    [TestCase("exists from opset 11 on")]
    public void Refuses_what_QAttention_lacks(string reason)
    {
        var g = new GraphBuilder(reason.EndsWith("on", StringComparison.Ordinal) ? 10 : 17);
        var scores = reason == "bias of scores" ? g.Input("scores", DataType.Float, 2, 4, Rows, Rows) : null;
        var node = g.Node("com.microsoft.Attention", [g.Input("x", X), Weight(g), Bias(g), null, null, scores], 1, ("num_heads", 4));
        if (reason == "rotate")
            node.Attributes.Set("do_rotary", 1);
        if (reason == "of one size")
            node.Attributes.Set("qkv_hidden_sizes", 20, 20, 32);
        g.Output("y", node.Output());

        var log = PassContexts.Run(g.Build(), new QuantizeDynamic(new() { Prefer = Preference.Size }));

        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(log.Weights.Single().Refusal, Does.Contain(reason));
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Tensor.Create([Hidden, 3 * Hidden], Array.ConvertAll(Weights.Random(Hidden * 3 * Hidden), weight => weight / 10)));

    private static Value Bias(GraphBuilder g) => g.Weight("b", Tensor.Create([3 * Hidden], Weights.Random(3 * Hidden, 2)));
}
