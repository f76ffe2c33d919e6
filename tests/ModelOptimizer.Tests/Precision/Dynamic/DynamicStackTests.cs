using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Dynamic;

/// <summary>Stacks of matrices, and weights on the left.</summary>
public sealed class DynamicStackTests
{
    private static readonly Tolerance IntegerActivations = new(0.02);

    private static IEnumerable<TestCaseData> StackRows => StandardRows.Of(
        (g, x) => g.Op("MatMul", x, g.Weight("w", Matrices(3, 40, 25))), new(DataType.Float, Shape.Of(3, 5, 40)), [17, 9, 11, 21]);

    private static IEnumerable<TestCaseData> LeftRows => StandardRows.Of(
        (g, x) => g.Op("MatMul", g.Weight("w", Matrices(60, 40)), x), new(DataType.Float, Shape.Of(2, 40, 5)), [17, 9, 11, 21]);

    [TestCaseSource(nameof(StackRows))]
    public void A_stack_has_a_scale_for_each_channel_of_each_matrix(StandardRow row) => Takes(row);

    [TestCaseSource(nameof(LeftRows))]
    public void A_left_operand_trades_places(StandardRow row) => Takes(row);

    /// <summary>In functions formal inputs have no rank.</summary>
    private static void Takes(StandardRow row)
    {
        if (row.Name != "in a function")
            PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), row);
        else
            Assert.That(PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), row.Model).Log.Weights.Select(weight => weight.Form ?? weight.Refusal),
                Has.All.Contain("is not known").Or.All.Contain("MatMulInteger"));
    }

    [TestCase(new long[] { 5, 40 }, new long[] { 3, 40, 25 })]
    [TestCase(new long[] { 2, 3, 5, 40 }, new long[] { 3, 40, 25 })]
    [TestCase(new long[] { 3, 2, 40 }, new long[] { 2, 1, 40, 25 })]
    [TestCase(new long[] { 3, 1, 140 }, new long[] { 3, 140, 130 })]
    [TestCase(new long[] { 1, 5, 33 }, new long[] { 1, 33, 31 })]
    public void Stacks_broadcast_as_before(long[] x, long[] stack)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", new TensorType(DataType.Float, Shape.Of(x))), g.Weight("w", Matrices(stack))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators, Does.Contain("MatMulInteger"));
    }

    [Test]
    public void A_stack_of_small_matrices_for_one_row_each_is_refused()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 8, 1, 64), g.Weight("w", Matrices(8, 64, 64))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Single().Refusal, Does.Contain("for one row each"));
    }

    [Test]
    public void A_stack_times_a_vector_is_refused()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 40), g.Weight("w", Matrices(3, 40, 25))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Single().Refusal, Does.StartWith("it is a stack of matrices"));
    }

    [TestCase(new long[] { 40, 5 }, new long[] { 60, 40 })]
    [TestCase(new long[] { 2, 3, 40, 5 }, new long[] { 60, 40 })]
    [TestCase(new long[] { 40, 1 }, new long[] { 3, 31, 40 })]
    [TestCase(new long[] { 3, 33, 7 }, new long[] { 3, 31, 33 })]
    public void Left_operands_of_any_rank(long[] x, long[] left)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Weight("w", Matrices(left)), g.Input("x", new TensorType(DataType.Float, Shape.Of(x)))));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators, Does.Contain("MatMulInteger"));
    }

    [Test]
    public void Left_operands_of_Gemm([Values(0, 1)] int transA, [Values(0, 1)] int transB, [Values(1f, 0.5f)] float alpha, [Values(1, 2)] int biasRank, [Values(10, 17)] int opset)
    {
        var g = new GraphBuilder(opset);
        var x = transB == 1 ? g.Input("x", DataType.Float, 5, 40) : g.Input("x", DataType.Float, 40, 5);
        var weight = g.Weight("w", transA == 1 ? Matrices(40, 60) : Matrices(60, 40));
        var bias = biasRank == 1 ? g.Initializer("c", [5], Weights.Random(5)) : g.Initializer("c", [60, 1], Weights.Random(60));
        g.Output("y", g.Op("Gemm", [weight, x, bias], ("transA", transA), ("transB", transB), ("alpha", alpha), ("beta", 2f)));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build(), tolerance: IntegerActivations);

        Assert.That(test.Operators, Has.None.EqualTo("Gemm"));
    }

    [Test]
    public void A_weight_on_both_sides_is_refused()
    {
        var g = new GraphBuilder();
        var (x, w) = (g.Input("x", DataType.Float, 40, 40), g.Weight("w", Matrices(40, 40)));
        g.Output("y", g.Op("MatMul", g.Op("MatMul", w, x), w));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Weights.Single().Refusal, Does.EndWith("need it in different forms"));
    }

    private static Tensor Matrices(params long[] dimensions) =>
        Tensor.Create(dimensions, Weights.Random((int)dimensions.Aggregate(1L, (product, length) => product * length)));
}
