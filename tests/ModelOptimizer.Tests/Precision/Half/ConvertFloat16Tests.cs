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

    // The peer clamps a variance of 9.8e7 to 65504 and ruins the model in silence, and numbers of 1e-9 become zero.
    [TestCase(1e7f, "float16 times 4096")]
    [TestCase(1e-9f, "float16 times 4.54747e-13")]
    [TestCase(1e35f, "float16 times 4.05648e+31")]
    public void A_power_of_two_brings_numbers_into_range(float scale, string form)
    {
        float[] numbers = [.. Matrix.AsSpan<float>().ToArray().Select(weight => weight * scale)];
        var test = PassTester.Run(new ConvertFloat16(new()), MatMul(Tensor.Create([96, 40], numbers)), tolerance: new Tolerance(1e-3));

        Assert.That(test.Log.Weights.Single().Form, Is.EqualTo(form));
        test.Leaves("Cast", "Mul", "MatMul");
    }

    [Test]
    public void One_large_number_leaves_the_others_their_digits()
    {
        float[] numbers = [.. Matrix.AsSpan<float>().ToArray()[..^1], 9.8e7f];
        var stored = MatMul(Tensor.Create([96, 40], numbers));
        PassContexts.Run(stored, new ConvertFloat16(new()));
        // The last row meets the large number.
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.Create([3, 96], [.. Weights.Random(3 * 96).Select((x, i) => i % 96 == 95 ? 0 : x)]) };

        PassTester.SameOutputs(MatMul(Tensor.Create([96, 40], numbers)), stored, new Tolerance(1e-3), inputs);
    }

    /// <summary>It is not even looked at.</summary>
    [Test]
    public void Refuses_what_takes_2_GiB_in_16_bits_too([Values] HalfForm form)
    {
        var model = MatMul(UnreadTensor.Create(DataType.Float, 1 << 15, 1 << 15));
        var log = PassContexts.Run(model, new ConvertFloat16(new() { Form = form }));

        Assert.That(log.Weights.Single().Refusal, Does.StartWith("in 16 bits, too, it takes 2 GiB or more"));
        Assert.That(log.Rewrites, Is.Empty);
    }

    /// <summary>Nearly every large weight has some numbers that become zero: those are counted on the way.</summary>
    [TestCase(1, 1)]
    [TestCase(1e6f, 2)]
    public void No_floats_are_made_of_a_whole_constant(float scale, int conversions)
    {
        const int size = 1 << 20;
        float[] numbers = [.. Weights.Random(size).Select(weight => scale * weight)];
        numbers[5] = 1e-9f;
        var constant = Tensor.Create([1024, 1024], numbers);
        using var limit = Cores.Limit(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var half = ScaledHalf.Of(constant, DataType.Float16);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(((conversions * sizeof(ushort)) + 1) * size));
        Assert.That((half.Rounded.Underflows, half.Lost, half.Factor is null), Is.EqualTo((1, 1, scale == 1)));
    }

    [Test]
    public void Refuses_masks_of_the_lowest_float32()
    {
        float[] mask = [.. Matrix.AsSpan<float>().ToArray()[..^1], float.MinValue];
        var diagnostics = new DiagnosticBag();

        Assert.That(Run(mask, diagnostics).Weights.Single().Refusal, Does.StartWith("1 of its values exceed 65504"));
        Assert.That(diagnostics.Diagnostics.Single().Code, Is.EqualTo("MO4010"));
    }

    [Test]
    public void Refuses_what_no_power_of_two_can_hold_together()
    {
        // Both kinds of numbers are in every row and in every column.
        float[] apart = [.. Matrix.AsSpan<float>().ToArray().Select((weight, i) => (i / 40 + i % 40) % 2 == 0 ? weight * 1e6f : 1e-9f)];

        Assert.That(Run(apart, new DiagnosticBag()).Weights.Single().Refusal, Does.StartWith("1920 of its 3840 values would become zero"));
    }

    // Weight decay leaves some channels of squeeze-and-excitation layers far below others, outputs of the first weight and inputs of the second.
    [TestCase(0, 96)]
    [TestCase(1, 40)]
    public void Channels_that_decayed_get_a_power_of_two_each(int axis, int channels)
    {
        float[] scales = [1e6f, 1, 1e-12f];
        float[] apart = [.. Matrix.AsSpan<float>().ToArray().Select((weight, i) => weight * scales[(axis == 0 ? i / 40 : i % 40) % 3])];
        var model = MatMul(Tensor.Create([96, 40], apart));
        var test = PassTester.Run(new ConvertFloat16(new()), model, tolerance: new Tolerance(1e-3));

        Assert.That(test.Log.Weights.Single().Form, Is.EqualTo($"float16 times a power of two for each of {channels} channels"));
        var stored = test.Initializers.Single(value => value.Initializer!.ElementType == DataType.Float16).Initializer!;
        Assert.That(stored.ToFloats().Count(number => number == 0), Is.Zero);
        Assert.That(ScaledHalf.Restored(test.Model.Graph.Nodes.Single(node => node.Is("MatMul")).Input(1)!)!.AsSpan<float>().ToArray(),
            Is.EqualTo(apart).Using<float>((x, y) => MathF.Abs(x - y) <= MathF.Abs(y) / 2048));
    }

    [TestCase(HalfType.Float16)]
    [TestCase(HalfType.Bfloat16)]
    public void What_decayed_to_nothing_may_become_zero(HalfType type)
    {
        float[] decayed = [.. Matrix.AsSpan<float>().ToArray().Select((weight, i) => i % 2 == 0 ? weight : weight * 1e-42f)];
        var test = PassTester.Run(new ConvertFloat16(new() { Type = type }), MatMul(Tensor.Create([96, 40], decayed)), tolerance: new Tolerance(1.0 / 256));

        Assert.That(test.Log.Weights.Single().Refusal, Is.Null);
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
        PassContexts.Run(model, new ConvertFloat16(new() { Type = HalfType.Bfloat16, MinElements = 1 }));

        Assert.That(model.Graph.Initializers.Single().Initializer!.ToFloats(), Is.EqualTo(new[] { 1, 1 + (2f / 128), -1, 0 }));
    }

    [Test]
    public void Bfloat16_has_a_largest_number_too()
    {
        float[] numbers = [.. Matrix.AsSpan<float>().ToArray()[..^1], float.MinValue];

        Assert.That(PassContexts.Run(MatMul(Tensor.Create([96, 40], numbers)), new ConvertFloat16(new() { Type = HalfType.Bfloat16 })).Weights.Single().Refusal,
            Does.StartWith("1 of its values exceed 3.39e38"));
    }

    [TestCase(8)]
    [TestCase(12)]
    public void Bfloat16_brings_older_models_to_the_opset_whose_Cast_knows_it(int opset)
    {
        var test = PassTester.Run(new ConvertFloat16(new() { Type = HalfType.Bfloat16 }), MatMul(Matrix, opset), tolerance: new Tolerance(1.0 / 256));

        Assert.That(test.Model.Opset, Is.EqualTo(13));
        Assert.That(test.Initializers.Single().Initializer!.ElementType, Is.EqualTo(DataType.BFloat16));
    }

    [Test]
    public void Bfloat16_leaves_an_older_model_at_its_opset_where_it_stores_nothing()
    {
        var model = MatMul(Matrix, opset: 12);
        PassContexts.Run(model, new ConvertFloat16(new() { Type = HalfType.Bfloat16, Exclude = ["w"] }));

        Assert.That(model.Opset, Is.EqualTo(12));
    }

    [Test]
    public void Bfloat16_says_what_keeps_an_older_model_from_it()
    {
        var g = new GraphBuilder(12);
        var resized = g.Op("Resize", [g.Input("x", X), g.Weight("roi", Tensor.Create([0], Array.Empty<float>())), g.Weight("scales", Tensor.Create([2], 1f, 1f))],
            ("mode", "linear"), ("coordinate_transformation_mode", "tf_half_pixel_for_nn"));
        g.Output("y", g.Op("MatMul", resized, g.Weight("w", Matrix)));

        Assert.That(PassContexts.Run(g.Build(), new ConvertFloat16(new() { Type = HalfType.Bfloat16 })).Weights.Single().Refusal,
            Does.StartWith("Cast takes bfloat16 from opset 13 on, and this is 12. The model can't be upgraded from opset 12 to 13: "));
    }

    [Test]
    public void Nothing_computes_in_bfloat16() => Assert.That(
        Assert.Throws<DiagnosticException>(() => PassContexts.Run(MatMul(Matrix), new ConvertFloat16(new() { Form = HalfForm.Compute, Type = HalfType.Bfloat16 })))!
            .Diagnostics.Single().Code, Is.EqualTo("MO4013"));

    private static RewriteLog Run(float[] weights, DiagnosticBag diagnostics) =>
        PassContexts.Run(MatMul(Tensor.Create([96, 40], weights)), diagnostics, int.MaxValue, new ConvertFloat16(new()));

    private static OnnxModel MatMul(Tensor weight, int opset = 17, TensorType? x = null)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", g.Op("MatMul", g.Input("x", x ?? X), g.Weight("w", weight)));
        return g.Build();
    }
}
