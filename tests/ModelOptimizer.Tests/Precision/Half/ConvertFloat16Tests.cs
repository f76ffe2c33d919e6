using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

public sealed class ConvertFloat16Tests
{
    private static readonly TensorType X = new(DataType.Float, Shape.Of(3, 96));
    private static readonly Tensor Matrix = Tensor.Create([96, 40], Weights.Random(96 * 40));

    private static IEnumerable<TestCaseData> Rows => StandardRows.Of((g, x) => g.Op("MatMul", x, g.Weight("w", Matrix)), X, [17, 9, 21]);

    [TestCaseSource(nameof(Rows))]
    public void Stores_a_weight_in_half_the_bytes(StandardRow row)
    {
        var test = PassTester.Run(new ConvertFloat16(new()), row);

        Assert.That(test.Log.Weights, Is.Not.Empty);
        Assert.That(test.Log.Weights, Has.All.Matches<WeightDecision>(w => w!.Refusal is not null || w.BytesAfter * 2 == w.BytesBefore));
    }

    [Test]
    public void Computes_with_the_rounded_weights()
    {
        var stored = MatMul(Matrix);
        PassContexts.Run(stored, new ConvertFloat16(new()));
        var rounded = Tensor.Create([96, 40], [.. Matrix.AsSpan<float>().ToArray().Select(weight => (float)(Half)weight)]);

        PassTester.SameOutputs(MatMul(rounded), stored, Tolerance.BitExact);
    }

    [Test] // The peer clamps a variance of 9.8e7 to 65504 and ruins the model in silence.
    public void Refuses_values_too_large_for_float16() => Assert.That(Refusal(7, 9.8e7f), Does.StartWith("1 of its values exceed 65504"));

    [Test]
    public void Refuses_tensors_that_would_vanish()
    {
        var tiny = Enumerable.Repeat(1e-9f, 96 * 40).ToArray();

        Assert.That(Run(tiny, new DiagnosticBag()).Weights.Single().Refusal, Does.StartWith("3840 of its 3840 values would become zero"));
    }

    [Test]
    public void Weights_that_weigh_nothing_may_vanish()
    {
        float[] decayed = [.. Matrix.AsSpan<float>().ToArray().Select((weight, i) => i % 2 == 0 ? weight : 1e-9f)];

        Assert.That(Run(decayed, new DiagnosticBag()).Weights.Single().Form, Is.EqualTo("float16, 1920 values rounded to zero"));
    }

    [Test]
    public void Refuses_values_that_are_not_finite_with_a_warning()
    {
        var diagnostics = new DiagnosticBag();
        var weights = Matrix.AsSpan<float>().ToArray();
        weights[^1] = float.NaN;
        Run(weights, diagnostics);

        Assert.That(diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO4001"));
    }

    [Test]
    public void Leaves_small_tensors_as_they_are()
    {
        var model = MatMul(Matrix);

        Assert.That(PassContexts.Run(model, new ConvertFloat16(new() { MinElements = 96 * 40 + 1 })).Weights, Is.Empty);
    }

    [TestCase(17)]
    [TestCase(13)]
    public void Bfloat16_keeps_the_range_of_float32(int opset)
    {
        float[] numbers = [.. Matrix.AsSpan<float>().ToArray()[..^1], 9.8e7f];
        var model = MatMul(Tensor.Create([96, 40], numbers), opset);
        var test = PassTester.Run(new ConvertFloat16(new() { Type = HalfType.Bfloat16 }), model, tolerance: new Tolerance(1.0 / 256));

        Assert.That(test.Initializers.Single().Initializer!.ElementType, Is.EqualTo(DataType.BFloat16));
        Assert.That(test.Log.Weights.Single().Form, Is.EqualTo("bfloat16"));
    }

    [Test]
    public void Bfloat16_rounds_half_to_even()
    {
        var model = MatMul(Tensor.Create([2, 2], 1 + (1f / 256), 1 + (3f / 256), -1 - (1f / 256), float.Epsilon), x: new TensorType(DataType.Float, Shape.Of(1, 2)));
        var log = PassContexts.Run(model, new ConvertFloat16(new() { Type = HalfType.Bfloat16, MinElements = 1 }));

        Assert.That(log.Weights.Single().Refusal, Is.EqualTo("1 of its 4 values would become zero"));

        model = MatMul(Tensor.Create([2, 2], 1 + (1f / 256), 1 + (3f / 256), -1 - (1f / 256), 2), x: new TensorType(DataType.Float, Shape.Of(1, 2)));
        PassContexts.Run(model, new ConvertFloat16(new() { Type = HalfType.Bfloat16, MinElements = 1 }));

        Assert.That(model.Graph.Initializers.Single().Initializer!.ToFloats(), Is.EqualTo(new[] { 1, 1 + (2f / 128), -1, 2 }));
    }

    [Test]
    public void Bfloat16_has_a_largest_number_too()
    {
        float[] numbers = [.. Matrix.AsSpan<float>().ToArray()[..^1], float.MinValue];

        Assert.That(PassContexts.Run(MatMul(Tensor.Create([96, 40], numbers)), new ConvertFloat16(new() { Type = HalfType.Bfloat16 })).Weights.Single().Refusal,
            Does.StartWith("1 of its values exceed 3.39e38"));
    }

    [Test]
    public void Bfloat16_wants_an_opset_whose_Cast_knows_it() =>
        Assert.That(PassContexts.Run(MatMul(Matrix, opset: 12), new ConvertFloat16(new() { Type = HalfType.Bfloat16 })).Weights.Single().Refusal,
            Does.Contain("'upgrade-opset' before this pass"));

    [Test]
    public void Nothing_computes_in_bfloat16() => Assert.That(
        Assert.Throws<DiagnosticException>(() => PassContexts.Run(MatMul(Matrix), new ConvertFloat16(new() { Form = HalfForm.Compute, Type = HalfType.Bfloat16 })))!
            .Diagnostics.Single().Code, Is.EqualTo("MO4013"));

    private static string? Refusal(int place, float value)
    {
        var weights = Matrix.AsSpan<float>().ToArray();
        weights[place] = value;
        return Run(weights, new DiagnosticBag()).Weights.Single().Refusal;
    }

    private static RewriteLog Run(float[] weights, DiagnosticBag diagnostics) =>
        PassContexts.Run(MatMul(Tensor.Create([96, 40], weights)), diagnostics, int.MaxValue, new ConvertFloat16(new()));

    private static OnnxModel MatMul(Tensor weight, int opset = 17, TensorType? x = null)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("MatMul", g.Input("x", x ?? X), g.Weight("w", weight)));
        return g.Build();
    }
}
