using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Repair;

/// <summary>The passes that stand behind a quantizing pass.</summary>
public sealed class QuantizedRepairTests
{
    private const int Channels = 32;

    private static readonly Dictionary<string, Func<IGraphPass>> s_quantizers = new()
    {
        ["static"] = () => new QuantizeStatic(new()),
        ["static, per tensor"] = () => new QuantizeStatic(new() { PerChannel = false }),
        ["dynamic"] = () => new QuantizeDynamic(new()),
        ["weights"] = () => new QuantizeWeights(new()),
    };

    private static readonly Dictionary<string, Func<OnnxModel>> s_models = new()
    {
        ["Conv"] = () => Image((g, x) => g.Op("Conv", x, g.Weight("w", Weight([24, 8, 3, 3])), g.Weight("b", Weight([24])))),
        ["Conv without bias"] = () => Image((g, x) => g.Op("Conv", x, g.Weight("w", Weight([24, 8, 3, 3])))),
        ["grouped Conv"] = () => Image((g, x) => g.Op("Conv", [x, g.Weight("w", Weight([24, 2, 3, 3]))], ("group", 4L), ("pads", new long[] { 1, 1, 1, 1 }))),
        ["Gemm"] = () => Matrix((g, x) => g.Op("Gemm", x, g.Weight("w", Weight([Channels, 40])), g.Weight("b", Weight([40])))),
        ["Gemm, transposed, with alpha and beta"] = () => Matrix((g, x) => g.Op("Gemm", [x, g.Weight("w", Weight([40, Channels])), g.Weight("b", Weight([40]))],
            ("transB", 1L), ("alpha", 0.5f), ("beta", 2f))),
        ["MatMul and Add"] = () => Matrix((g, x) => g.Op("Add", g.Op("MatMul", x, g.Weight("w", Weight([Channels, 40]))), g.Weight("b", Weight([40])))),
    };

    private static IEnumerable<object[]> Cases =>
        from quantizer in s_quantizers.Keys
        from model in s_models.Keys
        where quantizer.StartsWith("static", StringComparison.Ordinal) || !model.Contains("Conv", StringComparison.Ordinal)
        select new object[] { quantizer, model };

    [TestCaseSource(nameof(Cases))]
    public void Adaptive_rounding_brings_outputs_closer(string quantizer, string model)
    {
        var original = s_models[model]();
        var (plain, repaired) = (original.Clone(), original.Clone());
        PassContexts.Run(plain, s_quantizers[quantizer]());

        var log = PassContexts.Run(repaired, s_quantizers[quantizer](), new RoundAdaptively(new()));

        Assert.That(log.Rewrites.Select(rewrite => rewrite.Pass), Has.Some.EqualTo("round-adaptively"));
        Assert.That(Distance.Between(original, repaired), Is.LessThan(Distance.Between(original, plain)));
        Assert.That(GraphVerifier.Verify(repaired), Is.Empty);
    }

    [TestCaseSource(nameof(Cases))]
    public void Bias_correction_takes_the_shift_of_the_mean_away(string quantizer, string model)
    {
        var original = s_models[model]();
        var (plain, repaired) = (original.Clone(), original.Clone());
        PassContexts.Run(plain, Planted(s_quantizers[quantizer]()));

        var log = PassContexts.Run(repaired, [.. Planted(s_quantizers[quantizer]()), new CorrectBias(new())]);

        Assert.That(log.Rewrites.Select(rewrite => rewrite.Pass), Has.Some.EqualTo("correct-bias"));
        Assert.That(Distance.OfMeans(original, repaired, axis: 1), Is.LessThan(Distance.OfMeans(original, plain, axis: 1) / 3));
        Assert.That(GraphVerifier.Verify(repaired), Is.Empty);
    }

    [TestCaseSource(nameof(Cases))]
    public void A_second_time_there_is_nothing_left_to_do(string quantizer, string model)
    {
        var repaired = s_models[model]();

        var log = PassContexts.Run(repaired, s_quantizers[quantizer](), new RoundAdaptively(new()), new CorrectBias(new()), new RoundAdaptively(new()), new CorrectBias(new()));

        Assert.That(log.Runs.TakeLast(2).Select(run => run.Rewrites), Is.All.Zero);
    }

    [Test]
    public void A_product_without_bias_gets_no_node()
    {
        var model = Matrix((g, x) => g.Op("Abs", g.Op("MatMul", x, g.Weight("w", Weight([Channels, 40])))));

        var log = PassContexts.Run(model, new QuantizeDynamic(new()), new CorrectBias(new()));

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("adding one would cost a node"));
    }

    [Test]
    public void A_bias_that_is_shared_is_corrected_for_its_own_layer_only()
    {
        var model = Matrix((g, x) =>
        {
            var bias = g.Weight("b", Weight([40]));
            g.Output("z", g.Op("Add", g.Op("Gemm", x, g.Weight("w2", Weight([Channels, 40], 9)), bias), bias));
            return g.Op("Gemm", x, g.Weight("w", Weight([Channels, 40])), bias);
        });
        var repaired = model.Clone();

        PassContexts.Run(repaired, [.. Planted(new QuantizeDynamic(new())), new CorrectBias(new())]);

        Assert.That(repaired.Graph.Initializers.Select(value => value.Constant), Has.Some.SameAs(model.Graph.Initializers.Single(value => value.Name == "b").Constant),
            "the Add that is no bias of its own still reads it");
    }

    [TestCase("round-adaptively")]
    [TestCase("correct-bias")]
    public void Where_nothing_is_quantized_it_says_so(string pass)
    {
        var diagnostics = new DiagnosticBag();

        PassContexts.Run(s_models["Gemm"](), diagnostics, int.MaxValue, PassRegistry.Create(pass));

        Assert.That(diagnostics.Diagnostics.Single().Message, Does.Contain("has to stand behind quantize-static"));
    }

    [TestCase("round-adaptively")]
    [TestCase("correct-bias")]
    public void Without_data_it_says_what_to_add(string pass)
    {
        var model = s_models["Gemm"]();
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag());

        Assert.That(() => PassRunner.Run(context, new QuantizeDynamic(new()), PassRegistry.Create(pass)),
            Throws.TypeOf<DiagnosticException>().With.Message.Contains("calibration: { data: … }"));
    }

    [Test]
    public void Weights_of_seven_bits_keep_them()
    {
        var model = Matrix((g, x) => g.Op("MatMul", x, g.Weight("w", Weight([Channels, 40]))));

        PassContexts.Run(model, new QuantizeDynamic(new() { ReduceRange = true }), new RoundAdaptively(new()));

        var codes = model.Graph.Initializers.Single(value => value.Constant!.ElementType == DataType.Int8).Constant!.AsSpan<sbyte>().ToArray();
        Assert.That(codes, Has.All.InRange(-64, 64));
    }

    /// <summary>Quantizes, then moves all codes of weights in one direction, as truncating instead of rounding would.</summary>
    private static IGraphPass[] Planted(IGraphPass quantizer) => [quantizer, new Truncate()];

    private static OnnxModel Image(Func<GraphBuilder, Value, Value> layer) => Model(new(DataType.Float, new Shape([2, 8, 9, 9])), layer);

    private static OnnxModel Matrix(Func<GraphBuilder, Value, Value> layer) => Model(new(DataType.Float, new Shape([64, Channels])), layer);

    /// <summary>Inputs that have much in common, as activations behind a Relu do.</summary>
    private static OnnxModel Model(TensorType x, Func<GraphBuilder, Value, Value> layer)
    {
        var g = new GraphBuilder();
        g.Output("y", layer(g, g.Op("Sigmoid", g.Input("x", x))));
        return g.Build();
    }

    private static Tensor Weight(long[] dimensions, int seed = 4) =>
        Tensor.Create(dimensions, Weights.Random((int)dimensions.Aggregate(1L, (product, length) => product * length), seed));

    private sealed class Truncate : IGraphPass
    {
        public string Name => "truncate";

        public NumericEffect Effect => NumericEffect.Lossy;

        public void Run(OnnxModel model, PassContext context)
        {
            foreach (var product in QuantizedProducts.Find(context.Original!, model))
            {
                context.Rewriting("truncate", product.Node);
                var codes = IntegerCodes.Write(product.Weight.Codes, Array.ConvertAll(IntegerCodes.Read(product.Weight.Codes), code => Math.Max(code - 1, -127)));
                product.Weight.Reader.SetInput(product.Weight.Index, model.Graph.AddInitializer("moved", codes));
            }
        }
    }
}
