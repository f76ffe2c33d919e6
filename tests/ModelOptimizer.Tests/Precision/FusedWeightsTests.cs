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

    /// <summary>As callers feed them: a length for each sequence, or a one or zero for each position.</summary>
    [TestCase("lengths")]
    [TestCase("rows")]
    public void Masks_may_be_fed(string what)
    {
        OnnxModel Model(Tensor weight)
        {
            var g = new GraphBuilder();
            var x = g.Input("x", DataType.Float, "batch", "sequence", Hidden);
            var mask = what == "lengths" ? g.Input("mask", DataType.Int32, "batch") : g.Input("mask", DataType.Int32, "batch", "sequence");
            g.Output("y", g.Op("com.microsoft.Attention", [x, g.Weight("w", weight), Bias(g), mask], ("num_heads", 4)));
            return g.Build();
        }

        var quantized = Model(Projection);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 8, BlockSize = 32, Format = WeightFormat.Contrib }));

        Assert.That(quantized.Graph.Nodes.Select(node => node.OpType), Has.Some.EqualTo("MultiHeadAttention"));
        foreach (var (batch, sequence) in new[] { (2, Rows), (1, 1), (3, 1) })
        {
            int[] lengths = [.. Enumerable.Range(0, batch).Select(i => 1 + i % sequence)];
            int[] ones = [.. Enumerable.Range(0, batch * sequence).Select(i => i % sequence <= i / sequence ? 1 : 0)];
            PassTester.SameOutputs(Model(Quantization.Weights.Rounded(Projection, 1, 8, 32)), quantized, IntegerActivations, new()
            {
                ["x"] = Tensor.Create([batch, sequence, Hidden], Quantization.Weights.Random(batch * sequence * Hidden, 3)),
                ["mask"] = what == "lengths"
                    ? Tensor.Create(DataType.Int32, [batch], lengths)
                    : Tensor.Create(DataType.Int32, [batch, sequence], ones),
            });
        }
    }

    /// <summary>One column for more positions is what Attention passes over, and MultiHeadAttention refuses.</summary>
    [TestCase(1)]
    [TestCase(2)]
    public void A_mask_of_one_column_is_dropped(int batch)
    {
        OnnxModel Model(Tensor weight)
        {
            var g = new GraphBuilder();
            var mask = g.Initializer("mask", Tensor.Create(DataType.Int32, [batch, 1], new int[batch]));
            g.Output("y", g.Op("com.microsoft.Attention", [g.Input("x", X), g.Weight("w", weight), Bias(g), mask], ("num_heads", 4)));
            return g.Build();
        }

        var quantized = Model(Projection);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 8, BlockSize = 32, Format = WeightFormat.Contrib }));

        Assert.That(quantized.Graph.Nodes.Select(node => node.OpType), Has.Some.EqualTo("MultiHeadAttention"));
        PassTester.SameOutputs(Model(Quantization.Weights.Rounded(Projection, 1, 8, 32)), quantized, IntegerActivations);
    }

    /// <summary>What a newer opset is for depends on masks, whose shapes files need not declare.</summary>
    [Test]
    public void The_standard_form_upgrades_a_model_for_attention_alone()
    {
        OnnxModel Model(Tensor weight)
        {
            var g = new GraphBuilder();
            var (x, mask) = (g.Op("Abs", g.Input("x", X)), g.Op("Cast", [g.Input("mask", DataType.Int64, 2)], ("to", (long)DataType.Int32)));
            g.Output("y", g.Op("com.microsoft.Attention", [x, g.Weight("w", weight), Bias(g), mask], ("num_heads", 4)));
            return g.Build();
        }

        var quantized = Model(Projection);
        var log = PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 4, Format = WeightFormat.Standard }));

        Assert.That(log.Weights.Single().Form, Does.EndWith("as DequantizeLinear"));
        Assert.That(quantized.Opset, Is.EqualTo(21));
        PassTester.SameOutputs(Model(Quantization.Weights.Rounded(Projection, 1, 4, 32)), quantized, new Tolerance(1e-5),
            new() { ["x"] = Tensor.Create([2, Rows, Hidden], Quantization.Weights.Random(2 * Rows * Hidden, 3)), ["mask"] = Tensor.Create([2], 3L, 5L) });
    }

    private static readonly Dictionary<string, Func<GraphBuilder, (Value X, Value Mask)>> s_refusedMasks = new()
    {
        ["ends and starts"] = g => (g.Input("x", X), g.Initializer("mask", Tensor.Create(DataType.Int32, [4], new[] { 3, 5, 0, 1 }))),
        ["of another symbol"] = g => (g.Input("x", DataType.Float, "batch", Rows, Hidden), g.Input("mask", DataType.Int32, "twice")),
        ["maybe a dummy"] = g => (g.Input("x", DataType.Float, 2, "sequence", Hidden), g.Input("mask", DataType.Int32, 2, 1)),
        ["of unknown length"] = g => (g.Input("x", X), g.Input("mask", DataType.Int32, Dimension.Unknown, Dimension.Unknown)),
        ["for each pair"] = g => (g.Input("x", X), g.Input("mask", DataType.Int32, 2, Rows, Rows)),
    };

    private static IEnumerable<string> RefusedMasks => s_refusedMasks.Keys;

    [TestCaseSource(nameof(RefusedMasks))]
    public void Masks_that_only_Attention_takes_are_a_reason(string what)
    {
        var g = new GraphBuilder();
        var (x, mask) = s_refusedMasks[what](g);
        g.Output("y", g.Op("com.microsoft.Attention", [x, Weight(g), Bias(g), mask], ("num_heads", 4)));

        Assert.That(PassContexts.Run(g.Build(), new QuantizeWeights(new())).Weights.Single().Refusal,
            Does.StartWith("its mask [").And.Contain("MultiHeadAttention"));
    }

    [Test]
    public void Scores_keep_what_is_added_to_them([Values("none", "rows")] string mask)
    {
        OnnxModel Model(Tensor weight)
        {
            var g = new GraphBuilder();
            var rows = mask == "none" ? null
                : g.Initializer("mask", Tensor.Create(DataType.Int32, [2, Rows], new[] { 1, 1, 1, 0, 0, 1, 1, 1, 1, 1 }));
            g.Output("y", g.Op("com.microsoft.Attention",
                [g.Input("x", X), g.Weight("w", weight), Bias(g), rows, null, g.Input("scores", DataType.Float, 2, 4, Rows, Rows)],
                ("num_heads", 4)));
            return g.Build();
        }

        var quantized = Model(Projection);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 8, BlockSize = 32, Format = WeightFormat.Contrib }));

        Assert.That(quantized.Graph.Nodes.Select(node => node.OpType), Has.Some.EqualTo("MultiHeadAttention"));
        PassTester.SameOutputs(Model(Quantization.Weights.Rounded(Projection, 1, 8, 32)), quantized, IntegerActivations);
    }

    [Test]
    public void Two_nodes_may_read_one_projection([Values(17, 21)] int opset)
    {
        OnnxModel Model(Tensor weight)
        {
            var g = new GraphBuilder(opset, 10);
            var (w, b) = (g.Weight("w", weight), Bias(g));
            var first = g.Op("com.microsoft.Attention", [g.Input("x", X), w, b], ("num_heads", 4));
            g.Output("y", g.Op("com.microsoft.Attention", [first, w, b], ("num_heads", 2)));
            return g.Build();
        }

        var quantized = Model(Projection);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 8, BlockSize = 32 }));

        var products = quantized.Graph.Nodes.Where(node => node.OpType == "MatMulNBits").ToList();
        Assert.That(products, Has.Count.EqualTo(2));
        Assert.That(products.Select(node => node.Input(1)).Distinct().Count(), Is.EqualTo(1));
        PassTester.SameOutputs(Model(Quantization.Weights.Rounded(Projection, 1, 8, 32)), quantized, IntegerActivations);
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

    private static readonly Dictionary<string, (Func<GraphBuilder, Value?[]> Others, (string, object)[] Attributes)> s_lstms = new()
    {
        ["bias"] = (g => [Random(g, "b", 1, 160)], []),
        ["peepholes"] = (g => [Random(g, "b", 1, 160), null, null, null, Random(g, "p", 1, 60)], []),
        ["lengths and states"] = (g => [null, g.Initializer("lengths", Tensor.Create(DataType.Int32, [2], new[] { 3, 5 })),
            Random(g, "h", 1, 2, 20), Random(g, "c", 1, 2, 20)], []),
        ["reverse"] = (g => [Random(g, "b", 1, 160)], [("direction", "reverse")]),
        ["bidirectional"] = (g => [Random(g, "b", 2, 160)], [("direction", "bidirectional")]),
        ["clip"] = (g => [Random(g, "b", 1, 160)], [("clip", 0.2f)]),
    };

    private static IEnumerable<string> Lstms => s_lstms.Keys;

    [TestCaseSource(nameof(Lstms))]
    public void Keeps_all_that_an_LSTM_has(string kind)
    {
        var ((rest, attributes), directions) = (s_lstms[kind], kind == "bidirectional" ? 2 : 1);
        var g = new GraphBuilder();
        Value[] weights = [Random(g, "w", directions, 80, 24), Random(g, "r", directions, 80, 20)];
        var node = g.Node("LSTM", [g.Input("x", DataType.Float, Rows, 2, 24), .. weights, .. rest(g)], 3, [("hidden_size", 20L), .. attributes]);
        for (var i = 0; i < 3; i++)
            g.Output($"y{i}", node.Output(i));

        PassTester.Run(new QuantizeWeights(new()), g.Build()).Leaves("DynamicQuantizeLSTM");
    }

    [Test]
    public void What_the_operator_can_not_read_is_stored_where_that_is_accepted([Values] bool storage)
    {
        var g = new GraphBuilder();
        var (x, r) = (g.Input("x", DataType.Float, Rows, 2, 24), g.Input("r", DataType.Float, 1, 80, 20));
        g.Output("y", g.Op("LSTM", [x, Recurrent(g, "w", 24), r], ("hidden_size", 20)));
        var model = g.Build();

        if (storage)
            PassTester.Run(new QuantizeWeights(new() { Storage = true }), model).Leaves("DequantizeLinear", "LSTM");
        else
            Assert.That(PassContexts.Run(model, new QuantizeWeights(new())).Weights.Single().Refusal, Does.StartWith("the other weight of LSTM"));
    }

    [Test]
    public void An_LSTM_that_is_stored_in_float16_says_so([Values] bool storage)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("LSTM", [g.Input("x", DataType.Float, Rows, 2, 24), Recurrent(g, "w", 24), Recurrent(g, "r", 20)], ("hidden_size", 20)));
        var model = g.Build();
        PassContexts.Run(model, new ConvertFloat16(new()));

        Assert.That(PassContexts.Run(model, new QuantizeWeights(new() { Storage = storage })).Weights.Select(weight => weight.Refusal),
            Has.Exactly(2).StartsWith("it is float16"));
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

    private static Value Random(GraphBuilder g, string name, params long[] dimensions)
    {
        var count = (int)dimensions.Aggregate(1L, (product, d) => product * d);
        return g.Weight(name, Tensor.Create(dimensions, Array.ConvertAll(Quantization.Weights.Random(count, count), weight => weight / 10)));
    }

    private static Value Weight(GraphBuilder g) => g.Weight("w", Projection);

    private static Value Bias(GraphBuilder g) => g.Weight("b", Tensor.Create([3 * Hidden], Quantization.Weights.Random(3 * Hidden, 2)));

    private static Value Recurrent(GraphBuilder g, string name, int inputs) =>
        g.Weight(name, Tensor.Create([1, 80, inputs], Array.ConvertAll(Quantization.Weights.Random(80 * inputs, inputs), weight => weight / 10)));
}
