using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Repair;

/// <summary>The passes that stand behind a quantizing pass.</summary>
public sealed class QuantizedRepairTests
{
    private const int Channels = 32;

    private static readonly Dictionary<string, Func<IGraphPass>> s_quantizers = new()
    {
        ["static"] = () => new QuantizeStatic(new() { Prefer = Preference.Size }),
        ["static, per tensor"] = () => new QuantizeStatic(new() { Prefer = Preference.Size, PerChannel = false }),
        ["dynamic"] = () => new QuantizeDynamic(new() { Prefer = Preference.Size }),
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
        ["Gemm in a branch"] = () => Matrix((g, x) =>
            Named(g.If(Always(g, x), then => [Named(Layer(then, x, 4))],
                otherwise => [Named(Layer(otherwise, otherwise.Op("Tanh", x), 5))]).Output())),
        ["Gemm in a loop"] = () => Matrix((g, x) => g.Loop(g.Initializer("trips", Tensor.Create([], 1L)), null, [x],
            (body, formals) => [body.Op("Identity", formals[1]), Layer(body, formals[2], 4, Channels)]).Output()),
        ["Gemm in a function"] = () => Matrix((g, x) =>
        {
            g.Function("local", "Layer", 1, (f, inputs) => [f.Op("Gemm", inputs[0], f.Constant(Weight([Channels, 40])), f.Constant(Weight([40])))]);
            return g.Op("local.Layer", x);
        }),
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

    [TestCase("Conv")]
    [TestCase("grouped Conv")]
    public void Convolutions_of_integers_are_rounded_adaptively(string model)
    {
        var original = s_models[model]();
        var (plain, repaired) = (original.Clone(), original.Clone());
        PassContexts.Run(plain, IntegerConvolutions);

        var log = PassContexts.Run(repaired, IntegerConvolutions, new RoundAdaptively(new()));

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Is.Empty);
        Assert.That(Distance.Between(original, repaired), Is.LessThan(Distance.Between(original, plain)));
    }

    [Test]
    public void The_bias_of_a_convolution_of_integers_is_corrected()
    {
        var original = s_models["Conv"]();
        var (plain, repaired) = (original.Clone(), original.Clone());
        PassContexts.Run(plain, Planted(IntegerConvolutions));

        PassContexts.Run(repaired, [.. Planted(IntegerConvolutions), new CorrectBias(new())]);

        Assert.That(Distance.OfMeans(original, repaired, axis: 1), Is.LessThan(Distance.OfMeans(original, plain, axis: 1) / 3));
    }

    [TestCase("static")]
    [TestCase("weights")]
    public void A_new_bias_arrives_whole_where_beta_had_nothing_to_scale(string quantizer)
    {
        var original = Matrix((g, x) => g.Op("Gemm", [x, g.Weight("w", Weight([Channels, 40]))], ("beta", 0.25f)));
        var (plain, repaired) = (original.Clone(), original.Clone());
        PassContexts.Run(plain, Planted(s_quantizers[quantizer]()));

        PassContexts.Run(repaired, [.. Planted(s_quantizers[quantizer]()), new CorrectBias(new())]);

        Assert.That(Distance.OfMeans(original, repaired, axis: 1), Is.LessThan(Distance.OfMeans(original, plain, axis: 1) / 3));
    }

    [Test]
    public void Products_of_one_name_in_two_branches_are_told_apart()
    {
        var original = s_models["Gemm in a branch"]();
        var quantized = original.Clone();
        PassContexts.Run(quantized, new QuantizeDynamic(new() { Prefer = Preference.Size }));

        var found = QuantizedProducts.Of(new ValuePairs(original, quantized)).Found;

        Assert.That(found.Select(product => (product.Node.Graph!.Name, product.Original.Node.Graph!.Name)),
            Is.EqualTo(new[] { ("then_branch", "then_branch"), ("else_branch", "else_branch") }));
    }

    [Test]
    public void A_branch_that_no_sample_takes_is_left_alone_with_the_reason()
    {
        var log = PassContexts.Run(s_models["Gemm in a branch"](), s_quantizers["dynamic"](), new RoundAdaptively(new()));

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("the calibration data shows no inputs of it"));
    }

    [TestCase("round-adaptively")]
    [TestCase("correct-bias")]
    public void Weights_of_a_form_that_is_not_mended_are_named(string pass)
    {
        var diagnostics = new DiagnosticBag();

        var log = PassContexts.Run(s_models["Gemm"](), diagnostics, int.MaxValue, new QuantizeWeights(new() { Bits = 4 }), PassRegistry.Create(pass));

        Assert.That(diagnostics.Diagnostics.Single().Message,
            Does.Contain("can mend none of 1 quantized products").And.Not.Contains("has to stand behind"));
        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("not mended"));
    }

    [TestCase("round-adaptively")]
    [TestCase("correct-bias")]
    public void What_the_profile_excludes_stays_as_it_is(string pass)
    {
        foreach (var options in (RepairOptions[])[new() { Exclude = ["w"] }, new() { Operators = ["Conv"] }, new() { Include = ["other"] }])
        {
            var log = PassContexts.Run(s_models["Gemm"](), [.. Planted(s_quantizers["dynamic"]()), PassRegistry.Create(pass, options)]);

            Assert.That(log.Runs[^1].Rewrites, Is.Zero);
            Assert.That(log.Refusals[^1].Why,
                Does.Contain("exclude has 'w'").Or.Contains("operators does not name Gemm").Or.Contains("include does not match"));
        }
    }

    [Test]
    public void Names_of_the_original_select_what_is_called_otherwise_by_now()
    {
        var (original, options, diagnostics) = (s_models["MatMul and Add"](), new RepairOptions { Operators = ["MatMul"] }, new DiagnosticBag());
        var quantized = original.Clone();
        PassContexts.Run(quantized, new QuantizeDynamic(new() { Prefer = Preference.Size }));

        SelectionReview.ReportUnmatched(new RoundAdaptively(options), quantized, original,
            new PassSettings("round-adaptively", options, new SourceLocation("model-opt.yaml")), diagnostics);

        Assert.That(diagnostics.Diagnostics, Is.Empty);
    }

    [Test]
    public void A_channel_of_too_many_weights_is_refused_with_the_reason()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, 46_400), g.Weight("w", Weight([46_400, 2]))));

        var log = PassContexts.Run(g.Build(), new QuantizeDynamic(new() { Prefer = Preference.Size }), new RoundAdaptively(new()));

        Assert.That(log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("a channel has 46400 weights"));
    }

    [Test]
    public void Gram_matrices_count_among_what_is_held()
    {
        const int Depth = 5800;
        var g = new GraphBuilder();
        foreach (var name in (string[])["a", "b"])
        {
            var product = g.Op("MatMul", g.Input($"x_{name}", DataType.Float, 2, Depth), g.Weight(name, Weight([Depth, 2])));
            product.Name = $"product_{name}";
            g.Output($"y_{name}", product);
        }
        var original = g.Build();
        var quantized = original.Clone();
        PassContexts.Run(quantized, new QuantizeDynamic(new() { Prefer = Preference.Size }));

        var found = QuantizedProducts.Of(new ValuePairs(original, quantized)).Found;

        Assert.That(found, Has.Count.EqualTo(2));
        Assert.That(RoundAdaptively.Batch(found), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_product_without_bias_gets_no_node()
    {
        var model = Matrix((g, x) => g.Op("Abs", g.Op("MatMul", x, g.Weight("w", Weight([Channels, 40])))));

        var log = PassContexts.Run(model, new QuantizeDynamic(new() { Prefer = Preference.Size }), new CorrectBias(new()));

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

        PassContexts.Run(repaired, [.. Planted(new QuantizeDynamic(new() { Prefer = Preference.Size })), new CorrectBias(new())]);

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

        Assert.That(() => PassRunner.Run(context, new QuantizeDynamic(new() { Prefer = Preference.Size }), PassRegistry.Create(pass)),
            Throws.TypeOf<DiagnosticException>().With.Message.Contains("calibration: { data: … }"));
    }

    [Test]
    public void Weights_of_seven_bits_keep_them()
    {
        var model = Matrix((g, x) => g.Op("MatMul", x, g.Weight("w", Weight([Channels, 40]))));

        PassContexts.Run(model, new QuantizeDynamic(new() { Prefer = Preference.Size, ReduceRange = true }), new RoundAdaptively(new()));

        var codes = model.Graph.Initializers.Single(value => value.Constant!.ElementType == DataType.Int8).Constant!.AsSpan<sbyte>().ToArray();
        Assert.That(codes, Has.All.InRange(-64, 64));
    }

    private static QuantizeDynamic IntegerConvolutions => new(new() { Operators = ["Conv"] });

    /// <summary>A condition that holds on all inputs, which only running the model shows.</summary>
    private static Value Always(GraphBuilder g, Value x) =>
        g.Op("Less", g.Op("ReduceMin", [x], ("keepdims", 0L)), g.Initializer("large", Tensor.Create([], 1e9f)));

    private static Value Layer(GraphBuilder g, Value x, int seed, int outputs = 40) =>
        g.Op("Gemm", x, g.Weight($"w{seed}", Weight([Channels, outputs], seed)), g.Weight($"b{seed}", Weight([outputs], seed)));

    private static Value Named(Value value)
    {
        value.Name = "hidden";
        return value;
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
            foreach (var product in QuantizedProducts.Of(new ValuePairs(context.Original!, model)).Found)
            {
                context.Rewriting("truncate", product.Node);
                var codes = IntegerCodes.Write(product.Weight.Codes, Array.ConvertAll(IntegerCodes.Read(product.Weight.Codes), code => Math.Max(code - 1, -127)));
                product.Weight.Reader.SetInput(product.Weight.Index, model.AddConstant(product.Weight.Value.Graph, "moved", codes));
            }
        }
    }
}
