using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>Weights of the operators that ONNX Runtime's own optimizer makes of others.</summary>
public sealed class RuntimesFusedWeightsTests
{
    private const int Depth = 96;
    private const int Channels = 40;

    /// <summary>Enough for the int8 activations of the runtime's n-bit product.</summary>
    private static readonly Tolerance IntegerActivations = new(0.02);

    private static readonly Dictionary<string, Func<OnnxModel>> s_models = new()
    {
        ["FusedMatMul"] = () => Build(g => g.Op("com.microsoft.FusedMatMul",
            [X(g), Random(g, "w", Channels, Depth)], ("transB", 1), ("alpha", 0.5f))),
        ["FusedGemm"] = () => Build(g => g.Op("com.microsoft.FusedGemm",
            [X(g), Random(g, "w", Depth, Channels), Random(g, "b", Channels)], ("activation", "Relu"))),
        ["FusedConv"] = () => Build(g => g.Op("com.microsoft.FusedConv",
            [g.Input("x", DataType.Float, 1, 8, 9, 9), Random(g, "w", 24, 8, 3, 3)], ("activation", "Relu"))),
        ["EmbedLayerNormalization"] = () => Build(g => g.Node("com.microsoft.EmbedLayerNormalization",
        [
            g.Input("ids", DataType.Int32, 2, 5), null, Random(g, "words", 50, 64), Random(g, "positions", 8, 64), null,
            Random(g, "gamma", 64), Random(g, "beta", 64),
        ], 2).Output()),
    };

    private static IEnumerable<string> Names => s_models.Keys;

    [TestCaseSource(nameof(Names))]
    public void Weights_are_listed_with_the_way_out(string opType)
    {
        var refusals = Refusals(opType, new QuantizeWeights(new() { Bits = 4 }));

        Assert.That(refusals, Is.Not.Empty.And.All.StartsWith($"the runtime has no n-bit kernel for {opType}").And.All.Contains("storage: true"));
        // Convolutions have none before they are fused either.
        Assert.That(refusals, opType == "FusedConv" ? Has.None.Contains("ort-optimize") : Has.All.Contains("before ort-optimize"));
        Assert.That(Refusals(opType, new QuantizeDynamic(new())),
            Is.Not.Empty.And.All.StartsWith($"ONNX Runtime has no kernel for {opType}"));
    }

    [TestCaseSource(nameof(Names))]
    public void Weights_are_stored_where_that_is_accepted(string opType)
    {
        var test = PassTester.Run(new QuantizeWeights(new() { Storage = true }), s_models[opType](), tolerance: IntegerActivations);

        Assert.That(test.Log.Weights.Select(weight => weight.Refusal), Has.Some.Null);
        Assert.That(test.Operators, Has.Member("DequantizeLinear").And.Member(opType));
    }

    [TestCaseSource(nameof(Names))]
    public void Weights_become_palettes(string opType) =>
        Assert.That(PassTester.Run(new Palettize(new() { Bits = 8 }), s_models[opType](), tolerance: IntegerActivations).Log.Weights
            .Select(weight => weight.Form), Has.Some.Not.Null);

    [Test]
    public void The_order_that_refusals_ask_for_keeps_few_bits([Values] bool isQuantizedFirst, [Values(17, 21)] int opset)
    {
        var g = new GraphBuilder(opset, opset == 21 ? 10 : 8);
        g.Output("y", g.Op("Relu", g.Op("Gemm", X(g), Random(g, "w", Depth, Channels), Random(g, "b", Channels))));
        var model = g.Build();
        IGraphPass optimize = new OrtOptimize(new() { Level = RuntimeOptimization.Extended }), quantize = new QuantizeWeights(new() { Bits = 4 });
        var log = PassContexts.Run(model, isQuantizedFirst ? [quantize, optimize] : [optimize, quantize]);

        var operators = GraphWalker.Nodes(model).Select(node => node.OpType);
        Assert.That(operators, isQuantizedFirst ? Has.Member("MatMulNBits") : Is.EqualTo(new[] { "FusedGemm" }));
        Assert.That(log.Weights.Single().Refusal, isQuantizedFirst
            ? Is.Null : Does.EndWith("A plain Gemm has one: quantize the model before ort-optimize or another tool fuses it"));
    }

    private static List<string?> Refusals(string opType, IGraphPass pass) =>
        [.. PassContexts.Run(s_models[opType](), pass).Weights.Select(weight => weight.Refusal)];

    private static OnnxModel Build(Func<GraphBuilder, Value> build)
    {
        var g = new GraphBuilder();
        g.Output("y", build(g));
        return g.Build();
    }

    private static Value X(GraphBuilder g) => g.Input("x", DataType.Float, 3, Depth);

    private static Value Random(GraphBuilder g, string name, params long[] dimensions)
    {
        var count = (int)dimensions.Aggregate(1L, (product, d) => product * d);
        return g.Weight(name, Tensor.Create(dimensions, Weights.Random(count, count)));
    }
}
