using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

public sealed class QuantizeWeightsTests
{
    private const int Depth = 96;
    private const int Channels = 40;
    private static readonly TensorType X = new(DataType.Float, Shape.Of(3, Depth));
    private static readonly Tensor Matrix = Tensor.Create([Depth, Channels], Weights.Random(Depth * Channels));

    /// <summary>Enough for the int8 activations of the runtime's n-bit product.</summary>
    private static readonly Tolerance IntegerActivations = new(0.02);

    private static IEnumerable<TestCaseData> MatMulRows => StandardRows.Of((g, x) => g.Op("MatMul", x, g.Weight("w", Matrix)), X, [17, 9, 11, 21]);

    private static IEnumerable<TestCaseData> GemmRows => StandardRows.Of(
        (g, x) => g.Op("Gemm", x, g.Weight("w", Matrix), g.Weight("bias", Tensor.Create([1, Channels], Weights.Random(Channels)))), X, [17, 9, 11, 21],
        missingOptional: (g, x) => g.Op("Gemm", x, g.Weight("w", Matrix)));

    [TestCaseSource(nameof(MatMulRows))]
    public void Keeps_a_MatMul_within_8_bits(StandardRow row) => PassTester.Run(Pass(8), row);

    [TestCaseSource(nameof(MatMulRows))]
    public void Keeps_a_MatMul_within_4_bits(StandardRow row)
    {
        // 96 random weights average out less than a real layer's.
        var test = PassTester.Run(Pass(4), row.Model, tolerance: new Tolerance(0.25));
        Assert.That(test.Log.Rewrites, row.MayRewrite ? Is.Not.Empty : Is.Empty);
    }

    [TestCaseSource(nameof(GemmRows))]
    public void Keeps_a_Gemm_with_a_bias_of_rank_2_within_8_bits(StandardRow row) => PassTester.Run(Pass(8), row);

    [TestCase(13, 8, null, "DequantizeLinear,MatMul")]
    [TestCase(12, 8, null, "MatMulNBits")]
    [TestCase(17, 8, 32, "MatMulNBits")]
    [TestCase(21, 8, 32, "DequantizeLinear,MatMul")]
    [TestCase(20, 4, null, "MatMulNBits")]
    [TestCase(21, 4, null, "DequantizeLinear,MatMul")]
    [TestCase(24, 2, null, "MatMulNBits")]
    [TestCase(25, 2, null, "DequantizeLinear,MatMul")]
    [TestCase(20, 3, null, "MatMulNBits")]
    [TestCase(21, 3, null, "DequantizeLinear,MatMul")]
    [TestCase(20, 6, null, "MatMulNBits")]
    [TestCase(21, 5, null, "DequantizeLinear,MatMul")]
    public void Takes_the_standard_form_from_the_opset_on_that_has_it(int opset, int bits, int? blockSize, string operators)
    {
        var model = MatMul(opset);
        PassContexts.Run(model, Pass(bits, blockSize));

        Assert.That(GraphWalker.Nodes(model).Select(node => node.OpType), Is.EqualTo(operators.Split(',')));
        Assert.That(model.Opset, Is.EqualTo(opset), "raising the number without converting nodes breaks models");
    }

    [TestCase(8, null)]
    [TestCase(8, 32)]
    [TestCase(4, 32)]
    [TestCase(4, 128)]
    [TestCase(3, 16)]
    [TestCase(5, 64)]
    [TestCase(6, null)]
    [TestCase(2, 16)]
    public void Standard_form_is_the_original_with_rounded_weights(int bits, int? blockSize)
    {
        foreach (var symmetric in new[] { true, false })
        {
            var quantized = MatMul(25);
            PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits, BlockSize = blockSize, Symmetric = symmetric, Format = WeightFormat.Standard }));

            var rounded = Weights.Rounded(Matrix, channelAxis: 1, bits, blockSize, symmetric);
            PassTester.SameOutputs(MatMul(25, rounded), quantized, new Tolerance(1e-6));
        }
    }

    [TestCase(8, 128)]
    [TestCase(4, 32)]
    [TestCase(3, 32)]
    [TestCase(5, 64)]
    [TestCase(6, 256)]
    [TestCase(2, 32)]
    public void Contrib_form_is_the_original_with_rounded_weights_and_int8_activations(int bits, int blockSize)
    {
        foreach (var symmetric in new[] { true, false })
        {
            var quantized = MatMul(9);
            PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = bits, BlockSize = blockSize, Symmetric = symmetric, Format = WeightFormat.Contrib }));

            var rounded = Weights.Rounded(Matrix, channelAxis: 1, bits, blockSize, symmetric);
            PassTester.SameOutputs(MatMul(9, rounded), quantized, IntegerActivations);
        }
    }

    [TestCase(WeightFormat.Standard, "")]
    [TestCase(WeightFormat.Contrib, "com.microsoft")]
    public void Per_channel_is_written_with_the_DequantizeLinear_of_the_format(WeightFormat format, string domain)
    {
        var model = MatMul(13);
        PassContexts.Run(model, new QuantizeWeights(new() { PerChannel = true, Format = format }));

        Assert.That(model.Graph.Nodes.First!.Domain, Is.EqualTo(domain));
        PassTester.SameOutputs(MatMul(13, Weights.Rounded(Matrix, 1, 8)), model, new Tolerance(1e-6));
    }

    [Test]
    public void Per_channel_below_opset_13_is_valid() // The peer writes an axis attribute that does not exist there.
    {
        var model = MatMul(11);
        PassContexts.Run(model, new QuantizeWeights(new() { PerChannel = true }));

        Assert.That(model.Graph.Nodes.First!.Domain, Is.EqualTo("com.microsoft"));
        PassTester.SameOutputs(MatMul(11, Weights.Rounded(Matrix, 1, 8)), model, new Tolerance(1e-6));
    }

    [Test]
    public void Transposes_scaling_and_bias_of_a_Gemm_survive(
        [Values(0, 1)] int transA, [Values(0, 1)] int transB, [Values(1f, 0.5f)] float alpha, [Values(1f, 2f, 0f)] float beta, [Values] WeightFormat format)
    {
        OnnxModel Gemm(Tensor weight)
        {
            var g = new GraphBuilder(opset: 21, irVersion: 10);
            var x = transA == 1 ? g.Input("x", DataType.Float, Depth, 3) : g.Input("x", DataType.Float, 3, Depth);
            g.Output("y", g.Op("Gemm", [x, g.Weight("w", weight), g.Initializer("c", [1, Channels], Weights.Random(Channels))],
                ("transA", transA), ("transB", transB), ("alpha", alpha), ("beta", beta)));
            return g.Build();
        }

        var weight = transB == 1 ? Tensor.Create([Channels, Depth], Weights.Random(Depth * Channels)) : Matrix;
        var quantized = Gemm(weight);
        PassContexts.Run(quantized, new QuantizeWeights(new() { Bits = 8, BlockSize = 32, Format = format }));

        var reference = Gemm(Weights.Rounded(weight, channelAxis: 1 - transB, 8, 32));
        PassTester.SameOutputs(reference, quantized, format == WeightFormat.Contrib ? IntegerActivations : new Tolerance(1e-5));
    }

    [Test]
    public void A_shared_weight_is_compressed_once_in_the_form_that_several_nodes_can_read()
    {
        var model = Shared(17);
        var log = PassContexts.Run(model, Pass(8));

        Assert.That(GraphWalker.Nodes(model).Count(node => node.OpType == "MatMulNBits"), Is.EqualTo(2));
        Assert.That(model.Graph.Initializers, Has.Count.EqualTo(2));
        Assert.That(log.Weights.Single().BytesAfter, Is.EqualTo(128 * Channels + sizeof(float) * Channels), "one block of 128 for each channel");
    }

    [Test]
    public void A_weight_captured_by_a_branch_moves_into_it()
    {
        // Below DequantizeLinear with constants of an outer graph the runtime fails to load.
        var g = new GraphBuilder(opset: 17);
        var (x, w) = (g.Input("x", X), g.Weight("w", Matrix));
        g.Output("y", g.If(g.Input("c", DataType.Bool), then => [then.Op("MatMul", x, w)], otherwise => [otherwise.Op("Abs", x)]).Output());

        var test = PassTester.Run(Pass(8), g.Build());

        Assert.That(test.Model.Graph.Initializers, Is.Empty);
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(test.Model, new SessionSettings()).Dispose());
    }

    [Test]
    public void An_embedding_keeps_rows_of_int8_and_never_becomes_floats_as_a_whole([Values(9, 17)] int opset)
    {
        var table = Tensor.Create([50, 64], Weights.Random(3200));
        OnnxModel Lookup(Tensor content)
        {
            var g = new GraphBuilder(opset);
            g.Output("y", g.Op("Gather", g.Weight("table", content), g.Input("ids", DataType.Int64, 2, 3)));
            return g.Build();
        }

        var quantized = Lookup(table);
        PassContexts.Run(quantized, Pass(8));

        Assert.That(GraphWalker.Nodes(quantized).Select(node => node.OpType), Is.EqualTo(new[] { "Gather", "Gather", "Cast", "Mul" }));
        PassTester.SameOutputs(Lookup(Weights.Rounded(table, channelAxis: 0, 8)), quantized, Tolerance.BitExact);
    }

    [Test]
    public void A_convolution_is_left_alone_unless_storage_is_asked_for([Values(11, 17)] int opset)
    {
        var kernel = Tensor.Create([16, 8, 3, 3], Weights.Random(16 * 8 * 9));
        OnnxModel Conv(Tensor content)
        {
            var g = new GraphBuilder(opset);
            g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 1, 8, 5, 5), g.Weight("kernel", content)));
            return g.Build();
        }

        Assert.That(PassContexts.Run(Conv(kernel), Pass(8)).Weights.Single().Refusal, Does.Contain("no n-bit kernel for Conv").And.Contain("storage: true"));

        var stored = Conv(kernel);
        PassContexts.Run(stored, new QuantizeWeights(new() { Storage = true }));
        PassTester.SameOutputs(Conv(Weights.Rounded(kernel, channelAxis: 0, 8)), stored, new Tolerance(1e-5));
    }

    [TestCase(11, 8, null, 13)]
    [TestCase(13, 8, null, 13)]
    [TestCase(17, 8, 32, 21)]
    [TestCase(11, 4, null, 21)]
    [TestCase(13, 4, null, 21)]
    [TestCase(17, 3, null, 21)]
    [TestCase(17, 2, null, 25)]
    [TestCase(22, 4, null, 22)]
    public void The_standard_form_brings_the_model_to_the_opset_that_has_it(int opset, int bits, int? blockSize, int expected)
    {
        // Squeeze has its axes as an attribute before opset 13.
        OnnxModel Model(Tensor weight)
        {
            var g = new GraphBuilder(opset);
            var x = g.Input("x", DataType.Float, 1, 3, Depth);
            var layer = opset < 13 ? g.Op("Squeeze", [x], ("axes", new long[] { 0 })) : g.Op("Squeeze", x, g.Int64s("axes", 0));
            g.Output("y", g.Op("MatMul", layer, g.Weight("w", weight)));
            return g.Build();
        }

        var model = Model(Matrix);
        var log = PassContexts.Run(model, new QuantizeWeights(new() { Bits = bits, BlockSize = blockSize, Format = WeightFormat.Standard }));

        Assert.That(log.Weights.Single().Form, Does.EndWith("as DequantizeLinear"));
        Assert.That(model.Opset, Is.EqualTo(expected));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        var block = blockSize ?? (bits == 8 ? null : 32);
        PassTester.SameOutputs(Model(Weights.Rounded(Matrix, 1, bits, block)), model, new Tolerance(1e-5));
    }

    [Test]
    public void The_standard_form_leaves_the_opset_where_no_newer_one_helps([Values] bool excluded)
    {
        var model = excluded ? MatMul(17) : Shared(17);
        PassContexts.Run(model, new QuantizeWeights(new() { Bits = 4, Format = WeightFormat.Standard, Exclude = excluded ? ["w"] : [] }));

        Assert.That(model.Opset, Is.EqualTo(17));
    }

    [Test]
    public void Refuses_what_the_opset_can_not_hold_and_says_why_there_is_no_newer_one_and_names_the_way_out()
    {
        var g = new GraphBuilder(opset: 10);
        g.Output("y", g.Op("MatMul", g.Input("x", X), g.Weight("w", Matrix)));
        g.Output("z", g.Op("Resize", g.Input("c", DataType.Float, 1, 2, 4), g.Initializer("s", [3], 1, 2, 0.5f)));

        Assert.That(Refusal(g.Build(), new() { Bits = 4, Format = WeightFormat.Standard }), Does.StartWith(
            "DequantizeLinear of 4-bit weights exists from opset 21 on, the model is at 10. The model can't be upgraded from opset 10 to 21: Resize")
            .And.Contain("some grow and some shrink").And.EndsWith("; use format: contrib"));
    }

    [Test]
    public void Refuses_a_shared_weight_in_the_form_that_the_runtime_would_not_fuse() =>
        Assert.That(Refusal(Shared(21), new() { Format = WeightFormat.Standard }), Does.Contain("2 nodes share it").And.Contain("use format: contrib"));

    [Test]
    public void Refuses_a_weight_that_also_leaves_the_graph()
    {
        var g = new GraphBuilder();
        var w = g.Weight("w", Matrix);
        g.Output("y", g.Op("MatMul", g.Input("x", X), w));
        g.Output("z", w);

        Assert.That(Refusal(g.Build(), new()), Does.Contain("the graph's output reads it too"));
    }

    [TestCaseSource(nameof(Compressions))]
    public void Heeds_a_factor_that_comes_from_a_functions_caller(IGraphPass pass)
    {
        var g = new GraphBuilder { Weights = Testing.WeightForm.ConstantNode };
        g.Function("local", "Scaled", 1, (f, inputs) => [f.FromCaller<float>(f.Node("Gemm", [inputs[0], f.Weight("w", Matrix)]), "alpha").Output()]);
        g.Output("y", g.Op("local.Scaled", [g.Input("x", X)], ("alpha", 0.25f)));

        PassTester.Run(pass, g.Build(), tolerance: IntegerActivations);
    }

    [Test]
    public void Heeds_an_axis_that_comes_from_a_functions_caller()
    {
        var g = new GraphBuilder { Weights = Testing.WeightForm.ConstantNode };
        g.Function("local", "Look", 1, (f, inputs) => [f.FromCaller<long>(f.Node("Gather", [f.Weight("w", Matrix), inputs[0]]), "axis").Output()]);
        g.Output("y", g.Op("local.Look", [g.Input("x", DataType.Int64, 3)], ("axis", 1L)));

        PassTester.Run(Pass(8), g.Build(), new() { ["x"] = Tensor.Create([3], 1L, 2L, 3L) }, IntegerActivations);
    }

    private static readonly IGraphPass[] Compressions = [new QuantizeWeights(new()), new QuantizeDynamic(new() { Prefer = Preference.Size }), new ConvertFloat16(new())];

    [TestCaseSource(nameof(Compressions))]
    public void Refuses_opsets_whose_operators_do_not_broadcast(IGraphPass pass) =>
        Assert.That(PassContexts.Run(MatMul(6), pass).Weights.Single().Refusal, Is.EqualTo("opset 6 is too old: convert the model to opset 7 or newer first"));

    /// <summary>Whatever opset they would need.</summary>
    [Test]
    public void Refuses_tiny_weights([Values(8, 4)] int bits, [Values] WeightFormat format) =>
        Assert.That(Refusal(MatMul(17, Tensor.Create([Depth, 1], Weights.Random(Depth))), new() { Bits = bits, Format = format }), Does.StartWith("too small"));

    [Test]
    public void Refuses_weights_without_elements() =>
        Assert.That(Refusal(MatMul(17, Tensor.Create([Depth, 0], Array.Empty<float>())), new()), Is.EqualTo("it has no elements"));

    [Test]
    public void Refuses_weights_that_are_not_finite_with_a_warning_that_names_them()
    {
        var weights = Weights.Random(Depth * Channels);
        weights[5] = float.NaN;
        var diagnostics = new DiagnosticBag();

        var log = PassContexts.Run(MatMul(17, Tensor.Create([Depth, Channels], weights)), diagnostics, int.MaxValue, Pass(8));

        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO4001"));
        Assert.That(diagnostics.Diagnostics.Single().Message, Does.Contain("'w'"));
    }

    [Test]
    public void Leaves_what_the_profile_excludes() =>
        Assert.That(Refusal(MatMul(17), new() { Exclude = ["w*"] }), Does.Contain("exclude"));

    private static string? Refusal(OnnxModel model, QuantizeWeightsOptions options)
    {
        var log = PassContexts.Run(model, new QuantizeWeights(options));
        Assert.That(log.Rewrites, Is.Empty);
        return log.Weights.Single().Refusal;
    }

    private static QuantizeWeights Pass(int bits, int? blockSize = null) => new(new QuantizeWeightsOptions { Bits = bits, BlockSize = blockSize });

    private static OnnxModel MatMul(int opset, Tensor? weight = null)
    {
        var g = new GraphBuilder(opset, irVersion: opset == 25 ? 13 : 8);
        g.Output("y", g.Op("MatMul", g.Input("x", X), g.Weight("w", weight ?? Matrix)));
        return g.Build();
    }

    private static OnnxModel Shared(int opset)
    {
        var g = new GraphBuilder(opset);
        var (x, w) = (g.Input("x", X), g.Weight("w", Matrix));
        g.Output("y", g.Op("Add", g.Op("MatMul", x, w), g.Op("MatMul", g.Op("Abs", x), w)));
        return g.Build();
    }
}
