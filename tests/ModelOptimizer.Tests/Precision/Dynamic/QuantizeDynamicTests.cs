using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Dynamic;

public sealed class QuantizeDynamicTests
{
    private const int Depth = 96;
    private const int Channels = 40;
    private static readonly TensorType X = new(DataType.Float, Shape.Of(3, Depth));
    private static readonly Tensor Matrix = Tensor.Create([Depth, Channels], Weights.Random(Depth * Channels));
    private static readonly Tolerance IntegerActivations = new(0.02);

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of(
        (g, x) => g.Op("Gemm", x, g.Weight("w", Matrix), g.Weight("bias", Tensor.Create([1, Channels], Weights.Random(Channels)))), X, [17, 9, 11, 21],
        missingOptional: (g, x) => g.Op("Gemm", x, g.Weight("w", Matrix)));

    [TestCaseSource(nameof(Rows))]
    public void Keeps_a_Gemm_within_8_bits(StandardRow row) => PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), row);

    [TestCase(11, "DynamicQuantizeLinear,MatMulInteger,Cast,Mul,Mul")]
    [TestCase(10, "DynamicQuantizeMatMul")]
    public void Writes_the_pattern_that_the_runtime_fuses(int opset, string operators)
    {
        var model = MatMul(opset, Matrix);
        PassContexts.Run(model, new QuantizeDynamic(new() { Prefer = Preference.Size }));

        Assert.That(model.Graph.Nodes.Select(node => node.OpType), Is.EqualTo(operators.Split(',')));
        Assert.That(model.Graph.Initializers.Select(value => value.Initializer!.ElementType), Does.Contain(DataType.Int8), "uint8 weights are 2.6 times slower");
        PassTester.SameOutputs(MatMul(opset, Weights.Rounded(Matrix, channelAxis: 1, 8)), model, IntegerActivations);
    }

    [Test]
    public void Gemm_attributes_survive([Values(0, 1)] int transA, [Values(0, 1)] int transB, [Values(1f, 0.5f)] float alpha, [Values(1f, 2f)] float beta, [Values(10, 17)] int opset)
    {
        var g = new GraphBuilder(opset);
        var x = transA == 1 ? g.Input("x", DataType.Float, Depth, 3) : g.Input("x", DataType.Float, 3, Depth);
        var weight = transB == 1 ? Tensor.Create([Channels, Depth], Weights.Random(Depth * Channels)) : Matrix;
        g.Output("y", g.Op("Gemm", [x, g.Weight("w", weight), g.Initializer("c", [Channels], Weights.Random(Channels))],
            ("transA", transA), ("transB", transB), ("alpha", alpha), ("beta", beta)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators, Has.None.EqualTo("Gemm"));
    }

    [Test]
    public void One_quantization_serves_all_products_of_an_activation()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", X);
        var other = Tensor.Create([Depth, Channels], Weights.Random(Depth * Channels, seed: 2));
        // Declared against the order of the nodes: the quantization must still come before both.
        var (second, first) = (g.Weight("second", other), g.Weight("first", Matrix));
        g.Output("y", g.Op("Sub", g.Op("MatMul", x, first), g.Op("MatMul", x, second)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators.Count(name => name == "DynamicQuantizeLinear"), Is.EqualTo(1));
    }

    [Test]
    public void One_quantization_also_serves_an_activation_whose_own_product_is_rewritten_in_between()
    {
        var g = new GraphBuilder();
        var weights = Enumerable.Range(0, 3).Select(seed => Tensor.Create([Depth, Depth], Weights.Random(Depth * Depth, seed))).ToArray();
        // The declaration of the product that makes the activation stands between those of the two that read it.
        var (left, made, right) = (g.Weight("left", weights[0]), g.Weight("made", weights[1]), g.Weight("right", weights[2]));
        var activation = g.Op("MatMul", g.Input("x", X), made);
        g.Output("y", g.Op("Sub", g.Op("MatMul", activation, left), g.Op("MatMul", activation, right)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: new(0.05));

        Assert.That(test.Operators.Count(name => name == "DynamicQuantizeLinear"), Is.EqualTo(2));
    }

    [Test]
    public void A_bias_that_is_written_anew_leaves_no_copy_behind()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Gemm", g.Input("x", X), g.Weight("w", Matrix), g.Weight("bias", Tensor.Create([1, Channels], Weights.Random(Channels)))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Initializers.Where(constant => constant.Uses.Count == 0), Is.Empty);
    }

    [Test]
    public void Refuses_a_weight_that_also_leaves_the_graph()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", X), g.Weight("w", Matrix)));
        g.Output("weight", g.Weight("w", Matrix));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Single().Refusal, Does.StartWith("the graph's output reads it too"));
    }

    [Test]
    public void A_shared_weight_is_stored_once()
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", X), g.Weight("w", Matrix));
        g.Output("y", g.Op("Add", g.Op("MatMul", x, w), g.Op("MatMul", g.Op("Abs", x), w)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Initializers.Count(value => value.Initializer!.ElementType == DataType.Int8), Is.EqualTo(1));
    }

    [TestCase(null, "", 127, 2, 1)]
    [TestCase(null, "", 127, -2, 0)]
    [TestCase(true, "", 127, 2, 0)]
    [TestCase(false, "", 127, 2, 0)]
    [TestCase(null, "Vnni", 127, 2, 0)]
    [TestCase(null, "Arm64", 127, 2, 0)]
    [TestCase(null, "Vnni,Avx2", 127, 2, 0)]
    public void Warns_of_sums_that_CPUs_without_VNNI_clip(bool? reduceRange, string targets, int first, int second, int warnings)
    {
        // One pair in each channel of 127 and a small neighbour, in units of the channel's step: all are whole, so that the step is 1.
        var weights = new float[Depth * Channels];
        for (var c = 0; c < Channels; c++)
            (weights[c], weights[Channels + c], weights[2 * Channels + c]) = (first, second, 127);
        var diagnostics = new DiagnosticBag();

        PassContexts.Run(MatMul(17, Tensor.Create([Depth, Channels], weights)), diagnostics, int.MaxValue, new QuantizeDynamic(new() { Prefer = Preference.Size, ReduceRange = reduceRange, TargetIsa = [.. targets.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<TargetIsa>)] }));

        Assert.That(diagnostics.Diagnostics.Count(d => d.Code == "MO4002"), Is.EqualTo(warnings));
    }

    [Test]
    public void Avx2_makes_those_channels_coarser_that_could_clip_and_says_so()
    {
        var weights = Weights.Random(Depth * Channels);
        for (var c = 0; c < 5; c++)
            (weights[c], weights[Channels + c]) = (9, 9);
        for (var c = 5; c < Channels; c++)
            for (var k = 1; k < Depth; k += 2)
                weights[k * Channels + c] = 0;
        var model = MatMul(17, Tensor.Create([Depth, Channels], weights));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size, TargetIsa = [TargetIsa.Avx2, TargetIsa.Vnni] }), model, tolerance: new(0.05));

        var codes = test.Initializers.Single(value => value.Initializer!.ElementType == DataType.Int8).Initializer!.AsSpan<sbyte>().ToArray();
        Assert.That(test.Log.Weights.Single().Form, Is.EqualTo("int8 per channel (5 of them coarser for avx2) as MatMulInteger"));
        Assert.That(Enumerable.Range(0, 5).Select(c => codes[c] + codes[Channels + c]), Is.All.InRange(120, 128));
        Assert.That(Enumerable.Range(5, Channels - 5).Select(c => Enumerable.Range(0, Depth).Max(k => Math.Abs((int)codes[k * Channels + c]))), Is.All.GreaterThan(110));
    }

    [Test]
    public void Seven_bits_can_never_clip()
    {
        using var quantized = RoundToNearest.Quantize(new WeightMatrix(Matrix, 1), new WeightGrid(7, true), Depth)!;
        var codes = DequantizeLinearLayout.Codes(quantized, [Depth, Channels], 1).AsSpan<sbyte>().ToArray();

        Assert.That(SaturationBound.CountPairs(quantized), Is.Zero);
        Assert.That(codes, Is.All.InRange(-64, 63));
        Assert.That(codes.Min(), Is.EqualTo(-64).Or.EqualTo(-63));
    }

    private static OnnxModel MatMul(int opset, Tensor weight)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("MatMul", g.Input("x", X), g.Weight("w", weight)));
        return g.Build();
    }
}
