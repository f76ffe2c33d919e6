using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>quantize-weights on weights inside larger operators: attention of ONNX Runtime, and LSTM.</summary>
public sealed class FusedWeightsTests
{
    private const int Hidden = 32;
    private const int Rows = 5;
    private static readonly TensorType X = new(DataType.Float, Shape.Of(2, Rows, Hidden));
    private static readonly Tolerance IntegerActivations = new(0.03);

    private static IEnumerable<TestCaseData> AttentionRows => StandardRows.Of((g, x) => g.Op("com.microsoft.Attention", [x, Weight(g), Bias(g)], ("num_heads", 4)), X, [17, 11, 21]);

    private static IEnumerable<TestCaseData> LstmRows => StandardRows.Of(
        (g, x) => g.Op("LSTM", [x, Recurrent(g, "w", 24), Recurrent(g, "r", 20)], ("hidden_size", 20)), new(DataType.Float, Shape.Of(Rows, 2, 24)), [17, 7, 14, 22]);

    [TestCaseSource(nameof(AttentionRows))]
    public void Keeps_attention_within_8_bits(StandardRow row) => PassTester.Run(new QuantizeWeights(new()), row);

    [Test]
    public void Projections_of_attention_become_a_product_of_few_bits(
        [Values(2, 3, 4, 8)] int bits, [Values("none", "lengths", "rows")] string what, [Values(0, 1)] int unidirectional)
    {
        var original = Attention(what, unidirectional, Projection);
        var quantized = original.Clone();
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits, BlockSize = 32, Format = WeightFormat.Contrib }));

        Assert.That(quantized.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(new[] { "MatMulNBits", "Split", "MultiHeadAttention" }));
        PassTester.SameOutputs(Attention(what, unidirectional, Quantization.Weights.Rounded(Projection, 1, bits, 32)), quantized, IntegerActivations);
    }

    [Test]
    public void Sizes_of_query_key_and_value_may_differ([Values(11, 17)] int opset)
    {
        OnnxModel Model()
        {
            var g = new GraphBuilder(opset);
            var node = g.Node("com.microsoft.Attention", [g.Input("x", X), Weight(g), Bias(g)], 1, ("num_heads", 4), ("qkv_hidden_sizes", new long[] { 24, 24, 48 }));
            g.Output("y", node.Output());
            return g.Build();
        }

        PassTester.Run(new QuantizeWeights(new() { Format = WeightFormat.Contrib }), Model()).Leaves("MatMulNBits", "Split", "MultiHeadAttention");
    }

    [Test]
    public void Attention_with_a_past_stays_and_says_why()
    {
        var g = new GraphBuilder();
        var node = g.Node("com.microsoft.Attention",
            [g.Input("x", X), Weight(g), Bias(g), null, g.Input("past", DataType.Float, 2, 2, 4, 3, Hidden / 4)], 2, ("num_heads", 4));
        g.Output("y", node.Output());
        g.Output("present", node.Output(1));

        Assert.That(PassContexts.Run(g.Build(), new QuantizeWeights(new())).Weights.Single().Refusal, Does.Contain("keeps keys and values of the past in one tensor"));
    }

    [TestCaseSource(nameof(LstmRows))]
    public void Keeps_an_LSTM_within_8_bits(StandardRow row)
    {
        var test = PassTester.Run(new QuantizeWeights(new() { Bits = 4 }), row);
        Assert.That(test.Operators.Contains("LSTM"), Is.EqualTo(!row.MayRewrite));
    }

    [Test]
    public void Under_the_standard_format_an_LSTM_is_only_stored()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("LSTM", [g.Input("x", DataType.Float, Rows, 2, 24), Recurrent(g, "w", 24), Recurrent(g, "r", 20)], ("hidden_size", 20)));

        Assert.That(PassContexts.Run(g.Build(), new QuantizeWeights(new() { Format = WeightFormat.Standard })).Weights.Select(weight => weight.Refusal),
            Has.All.Contains("storage: true"));
        PassTester.Run(new QuantizeWeights(new() { Format = WeightFormat.Standard, Storage = true }), g.Build())
            .Leaves("DequantizeLinear", "DequantizeLinear", "LSTM");
    }

    private static Tensor Projection { get; } = Tensor.Create([Hidden, 3 * Hidden], Array.ConvertAll(Quantization.Weights.Random(Hidden * 3 * Hidden), weight => weight / 10));

    private static OnnxModel Attention(string what, int unidirectional, Tensor weight)
    {
        var g = new GraphBuilder();
        var mask = what switch
        {
            "lengths" => g.Initializer("mask", Tensor.Create(DataType.Int32, [2], new[] { 3, 5 })),
            "rows" => g.Initializer("mask", Tensor.Create(DataType.Int32, [2, Rows], new[] { 1, 1, 1, 0, 0, 1, 1, 1, 1, 1 })),
            _ => null,
        };
        g.Output("y", g.Op("com.microsoft.Attention", [g.Input("x", X), g.Weight("w", weight), Bias(g), mask], ("num_heads", 4), ("unidirectional", unidirectional)));
        return g.Build();
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Projection);

    private static Value Bias(GraphBuilder g) => g.Weight("b", Tensor.Create([3 * Hidden], Quantization.Weights.Random(3 * Hidden, 2)));

    private static Value Recurrent(GraphBuilder g, string name, int inputs) =>
        g.Weight(name, Tensor.Create([1, 80, inputs], Array.ConvertAll(Quantization.Weights.Random(80 * inputs, inputs), weight => weight / 10)));
}
