using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.Static.StaticModels;

namespace ModelOptimizer.Tests.Precision.Static;

public sealed class QuantizeStaticTests
{
    private static IEnumerable<TestCaseData> ConvRows => StandardRows.Of(
        (g, x) => g.Op("Relu", Conv(g, x)), Picture, [17, 9, 11, 21], missingOptional: (g, x) => Conv(g, x, bias: false));

    private static IEnumerable<TestCaseData> GemmRows => StandardRows.Of(
        (g, x) => g.Op("Gemm", x, g.Weight("w", Matrix(16, 12)), g.Weight("bias", Tensor.Create([1, 12], Weights.Random(12)))), Rows, [17, 9, 11, 21],
        missingOptional: (g, x) => g.Op("Gemm", x, g.Weight("w", Matrix(16, 12))));

    private static IEnumerable<TestCaseData> MatMulRows => StandardRows.Of((g, x) => g.Op("MatMul", x, g.Weight("w", Matrix(16, 12))), Rows, [17, 9, 13]);

    [TestCaseSource(nameof(ConvRows))]
    [TestCaseSource(nameof(GemmRows))]
    [TestCaseSource(nameof(MatMulRows))]
    public void Keeps_the_answer_within_8_bits(StandardRow row)
    {
        var test = PassTester.Run(new QuantizeStatic(new() { Prefer = Preference.Size }), row);

        Assert.That(test.Initializers.Where(constant => constant.Uses.Count == 0), Is.Empty, "no floats are left behind");
    }

    [Test]
    public void Convolutions_with_what_stands_between_them_run_on_integers()
    {
        var g = new GraphBuilder();
        var pooled = g.Op("MaxPool", [g.Op("Relu", Conv(g, g.Input("x", Picture), "a"))], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        var flat = g.Op("Flatten", g.Op("Clip", Conv(g, pooled, "b"), g.Constant(Tensor.Create([], 0f)), g.Constant(Tensor.Create([], 6f))));
        g.Output("y", g.Op("Gemm", flat, g.Weight("w", Matrix(Channels * 9, 4)), g.Weight("c", Tensor.Create([4], Weights.Random(4)))));

        var test = Quantize(g.Build());

        Assert.That(AtRunTime(test.Model).Where(name => name is not ("Reshape" or "Flatten")),
            Is.EqualTo(new[] { "QuantizeLinear", "QLinearConv", "MaxPool", "QLinearConv", "QGemm" }));
        Assert.That(test.Operators, Has.None.EqualTo("Relu").And.None.EqualTo("Clip"), "rounding does their work");
    }

    [Test]
    public void A_product_of_floats_and_codes_puts_out_floats_where_nothing_wants_codes()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Tanh", g.Op("MatMul", g.Input("x", Rows), g.Weight("w", Matrix(16, 12)))));

        var test = Quantize(g.Build());

        Assert.That(AtRunTime(test.Model), Is.EqualTo(new[] { "QuantizeLinear", "MatMulIntegerToFloat", "Tanh" }));
    }

    [Test]
    public void A_shared_activation_is_rounded_once()
    {
        var g = new GraphBuilder();
        var x = g.Op("Abs", g.Input("x", Rows));
        g.Output("y", g.Op("Sub", g.Op("MatMul", x, g.Weight("a", Matrix(16, 12))), g.Op("MatMul", x, g.Weight("b", Matrix(16, 12, seed: 2)))));

        var test = Quantize(g.Build());

        Assert.That(test.Operators.Count(name => name == "QuantizeLinear"), Is.EqualTo(1));
    }

    [Test]
    public void What_else_reads_the_activation_of_a_product_still_reads_floats()
    {
        var g = new GraphBuilder();
        var x = g.Op("Abs", g.Input("x", Rows));
        g.Output("y", g.Op("MatMul", x, g.Weight("a", Matrix(16, 12))));
        g.Output("z", g.Op("Neg", x));

        var test = Quantize(g.Build());

        var neg = test.Model.Graph.Nodes.Single(node => node.Is("Neg"));
        Assert.That(neg.Input(0)!.Producer!.OpType, Is.EqualTo("Abs"));
    }

    [Test]
    public void Attention_multiplies_codes_and_moves_them_on_the_way()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, 4, 16);
        var (q, k, v) = (Heads("q"), Heads("k"), Heads("v"));
        var scores = g.Op("Mul", g.Op("MatMul", q, g.Op("Transpose", [k], ("perm", new long[] { 0, 1, 3, 2 }))), g.Constant(Tensor.Create([], 0.35f)));
        g.Output("y", g.Op("MatMul", g.Op("Softmax", scores), v));

        var test = Quantize(g.Build());

        Assert.That(test.Log.Nodes.Count(node => node.Form == "uint8 × uint8"), Is.EqualTo(2));
        Assert.That(test.Log.Values.Single(value => value.Low == 0 && value.High == 1).Scale, Is.EqualTo(1 / 255f), "Softmax ends at 1, whatever the data shows");
        Assert.That(AtRunTime(test.Model), Has.None.EqualTo("MatMul").And.None.EqualTo("DequantizeLinear"));

        Value Heads(string name) => g.Op("Transpose",
            [g.Op("Reshape", g.Op("MatMul", x, g.Weight(name, Matrix(16, 16, seed: name[0]))), g.Constant(Tensor.Create([4], 1L, 4, 2, 8)))], ("perm", new long[] { 0, 2, 1, 3 }));
    }

    [TestCase(ActivationType.UInt8, WeightType.Int8, null, null)]
    [TestCase(ActivationType.UInt8, WeightType.UInt8, null, null)]
    [TestCase(ActivationType.UInt8, WeightType.Int8, true, false)]
    [TestCase(ActivationType.Int8, WeightType.Int8, null, null)]
    [TestCase(ActivationType.Int8, WeightType.Int8, false, true)]
    [TestCase(ActivationType.UInt16, WeightType.Int8, null, null)]
    [TestCase(ActivationType.Int16, WeightType.Int8, null, null)]
    public void Every_type_keeps_the_answer(ActivationType activations, WeightType weights, bool? symmetricActivations, bool? symmetricWeights)
    {
        foreach (var perChannel in new[] { false, true })
        {
            var g = new GraphBuilder();
            g.Output("y", g.Op("Relu", Conv(g, g.Op("Relu", Conv(g, g.Input("x", Picture), "a")), "b")));

            var test = Quantize(g.Build(), new()
            {
                Activations = activations,
                Weights = weights,
                SymmetricActivations = symmetricActivations,
                SymmetricWeights = symmetricWeights,
                PerChannel = perChannel,
            });

            Assert.That(test.Log.Nodes, Has.Count.EqualTo(2));
        }
    }

    [TestCase(false, 10)]
    [TestCase(true, 13)]
    public void Raises_the_opset_to_what_the_form_needs(bool perChannel, int opset)
    {
        var g = new GraphBuilder(opset: 9);
        g.Output("y", Conv(g, g.Input("x", Picture)));

        Assert.That(Quantize(g.Build(), new() { PerChannel = perChannel }).Model.Opset, Is.EqualTo(opset));
    }

    [Test]
    public void Wide_activations_need_opset_21()
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Input("x", Picture)));

        Assert.That(Quantize(g.Build(), new() { Activations = ActivationType.UInt16 }).Model.Opset, Is.EqualTo(21));
    }

    [Test]
    public void A_model_that_cannot_be_upgraded_gets_the_form_of_the_runtime()
    {
        var g = new GraphBuilder(opset: 11);
        var x = g.Input("x", Picture);
        // Opset 13 has no such way to map coordinates any more.
        g.Output("z", g.Op("Resize", [x, g.Initializer("roi", [0]), g.Initializer("scales", [4], 1, 1, 2, 2)],
            ("mode", "nearest"), ("coordinate_transformation_mode", "tf_half_pixel_for_nn"), ("nearest_mode", "ceil")));
        g.Output("y", Conv(g, x));
        var (model, diagnostics) = (g.Build(), new DiagnosticBag());

        var log = PassContexts.Run(model, diagnostics, int.MaxValue, new QuantizeStatic(new() { Prefer = Preference.Size }));

        Assert.That(model.Graph.Nodes.Where(node => node.OpType.EndsWith("quantizeLinear", StringComparison.OrdinalIgnoreCase)).Select(node => node.Domain),
            Has.Some.EqualTo("com.microsoft"));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), Has.Some.EqualTo("MO4031"));
        Assert.That(log.Nodes, Has.Count.EqualTo(1));
    }

    [Test]
    public void Without_calibration_data_it_says_what_to_add()
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Input("x", Picture)));
        var context = new PassContext(g.Build(), new RewriteLog(), PassContexts.Engine, new DiagnosticBag());

        Assert.That(() => PassRunner.Run(context, new QuantizeStatic(new() { Prefer = Preference.Size })),
            Throws.TypeOf<DiagnosticException>().With.Message.Contains("MO4030").And.Message.Contains("calibration:"));
    }

    [Test]
    public void Gemm_attributes_survive([Values(0, 1)] int transA, [Values(0, 1)] int transB, [Values(1f, 0.5f)] float alpha, [Values(1f, 2f)] float beta)
    {
        var g = new GraphBuilder();
        var x = transA == 1 ? g.Input("x", DataType.Float, 16, 3) : g.Input("x", DataType.Float, 3, 16);
        var weight = transB == 1 ? Matrix(12, 16) : Matrix(16, 12);
        g.Output("y", g.Op("Gemm", [x, g.Weight("w", weight), g.Weight("c", Tensor.Create([12], Weights.Random(12)))],
            ("transA", transA), ("transB", transB), ("alpha", alpha), ("beta", beta)));

        var test = Quantize(g.Build());

        Assert.That(AtRunTime(test.Model), Is.EqualTo(new[] { "QuantizeLinear", "QGemm" }));
    }

    [Test]
    public void Exclusions_and_other_precisions_hold_for_single_nodes()
    {
        var g = new GraphBuilder();
        var first = Conv(g, g.Input("x", Picture), "first");
        first.Producer!.Name = "/stem/conv";
        var second = Conv(g, first, "second");
        second.Producer!.Name = "/head/conv";
        var third = Conv(g, second, "third");
        third.Producer!.Name = "/tail/conv";
        g.Output("y", third);

        var test = Quantize(g.Build(), new()
        {
            Exclude = ["/tail/*"],
            Overrides = [new() { Nodes = ["/head/*"], Activations = ActivationType.UInt16, PerChannel = false }],
        });

        Assert.That(test.Log.Nodes.Select(node => node.Form), Is.EqualTo(new[] { "uint8 × int8 per channel, results uint8", "uint16 × int8, results uint16" }));
        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.Some.Contains("/tail/*"));
    }

    [TestCase("avx2", "uint8 × int8 of 7 bits per channel, results uint8")]
    [TestCase("vnni", "uint8 × int8 per channel, results uint8")]
    [TestCase("arm64", "int8 × int8 per channel, results int8")]
    [TestCase("avx2,arm64", "uint8 × int8 of 7 bits per channel, results uint8")]
    [TestCase("vnni,arm64", "uint8 × int8 per channel, results uint8")]
    public void The_target_decides_on_the_form(string isa, string form)
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Input("x", Picture)));
        var diagnostics = new DiagnosticBag();

        var log = PassContexts.Run(g.Build(), diagnostics, int.MaxValue,
            new QuantizeStatic(new()
            {
                Prefer = Preference.Size,
                Refine = false,
                TargetIsa = [.. isa.Split(',').Select(name => Enum.Parse<TargetIsa>(name, ignoreCase: true))],
            }));

        Assert.That(log.Nodes.Single().Form, Is.EqualTo(form));
        Assert.That(diagnostics.Diagnostics, Is.Empty);
    }

    [Test]
    public void Warns_of_sums_that_CPUs_without_VNNI_clip()
    {
        var g = new GraphBuilder();
        g.Output("y", Conv(g, g.Input("x", Picture)));
        var diagnostics = new DiagnosticBag();

        PassContexts.Run(g.Build(), diagnostics, int.MaxValue, new QuantizeStatic(new() { Prefer = Preference.Size }));

        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Message), Has.Exactly(1).Contains("target-isa: [avx2]"));
    }

    [Test]
    public void A_limit_of_rewrites_leaves_a_sound_model_at_every_step()
    {
        var g = new GraphBuilder();
        var pooled = g.Op("Relu", g.Op("MaxPool", [Conv(g, g.Input("x", Picture), "a")], ("kernel_shape", new long[] { 2, 2 })));
        g.Output("y", g.Op("Relu", Conv(g, g.Op("Relu", g.Op("Neg", pooled)), "b")));
        var original = g.Build();

        for (var limit = 0; limit < 8; limit++)
        {
            var model = original.Clone();
            PassContexts.Run(model, new DiagnosticBag(), limit, new QuantizeStatic(new() { Prefer = Preference.Size }));
            PassTester.SameOutputs(original, model, EightBits);
        }
    }
}
