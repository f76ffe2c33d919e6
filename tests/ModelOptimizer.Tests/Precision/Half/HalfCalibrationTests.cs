using System.Text.Json;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision;

/// <summary>What calibration data shows of values and of the sums inside operators.</summary>
public sealed class HalfCalibrationTests
{
    private static readonly Tensor Square = Tensor.Create([32, 32], Weights.Random(32 * 32));

    private string _data = "";

    [SetUp]
    public void MakeFile() => _data = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{Guid.NewGuid()}.jsonl");

    [TearDown]
    public void RemoveFile() => File.Delete(_data);

    [Test]
    public void A_value_that_overflows_keeps_its_region_in_float32()
    {
        var (model, log, _) = Convert((g, x) => g.Op("MatMul", g.Op("Div", g.Op("Mul", g.Op("MatMul", x, g.Weight("w", Square)), Number(g, 1e5f)), Number(g, 1e5f)), g.Weight("v", Square)));

        Assert.That(Operators(model), Is.EqualTo(new[] { "Cast", "MatMul", "Cast", "Mul", "Div", "Cast", "MatMul", "Cast" }));
        Assert.That(Refusal(log, "Mul"), Does.Contain("reaches").And.Contain("65504"));
    }

    [Test]
    public void A_region_grows_to_where_one_Cast_does()
    {
        // Split at its ends, three values would cross; behind the Concat it is one.
        var (model, _, _) = Convert((g, x) =>
        {
            var large = g.Op("Mul", g.Op("MatMul", x, g.Weight("w", Square)), Number(g, 1e5f));
            var parts = new[] { 1e-5f, 2e-5f, 3e-5f }.Select(scale => g.Op("Tanh", g.Op("Mul", large, Number(g, scale))));
            return g.Op("MatMul", g.Op("Concat", [.. parts], ("axis", 0L)), g.Weight("v", Square));
        });

        Assert.That(Operators(model), Is.EqualTo(new[] { "Cast", "MatMul", "Cast", "Mul", "Mul", "Tanh", "Mul", "Tanh", "Mul", "Tanh", "Concat", "Cast", "MatMul", "Cast" }));
    }

    [Test]
    public void A_value_that_vanishes_stays_float32()
    {
        var (_, log, _) = Convert((g, x) => g.Op("MatMul", g.Op("Mul", g.Op("Mul", g.Op("MatMul", x, g.Weight("w", Square)), Number(g, 1e-4f)), Number(g, 1e-4f)), g.Weight("v", Square)));

        Assert.That(Refusal(log, "Mul"), Does.Contain("is too small for float16"));
    }

    /// <summary>Nothing is asked of samples about it.</summary>
    [Test]
    public void What_takes_2_GiB_in_16_bits_too_is_not_looked_at()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Relu", g.Input("x", DataType.Float, 4, 32)));
        g.Output("lengths", g.Op("Shape", g.Weight("w", UnreadTensor.Create(DataType.Float, 1 << 15, 1 << 15))));
        File.WriteAllText(_data, JsonSerializer.Serialize(new { x = Weights.Random(4 * 32).Chunk(32) }));
        var context = new PassContext(g.Build(), new RewriteLog(), PassContexts.Engine, new DiagnosticBag())
        {
            Calibration = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [_data] }),
        };

        Assert.DoesNotThrow(() => PassRunner.Run(context, [new ConvertFloat16(new() { Form = HalfForm.Compute })]));
    }

    [TestCase("ReduceSum", 600f, true)]
    [TestCase("ReduceSum", 3f, false)]
    [TestCase("ReduceMean", 3000f, true)]
    [TestCase("ReduceMean", 3f, false)]
    [TestCase("ReduceSumSquare", 30f, true)]
    [TestCase("ReduceSumSquare", 1f, false)]
    [TestCase("ReduceL2", 60f, true)]
    [TestCase("ReduceL2", 1f, false)]
    [TestCase("ReduceLogSumExp", 20f, true)]
    [TestCase("ReduceLogSumExp", 1f, false)]
    public void Sums_inside_a_reduction_count(string opType, float scale, bool stays)
    {
        var (_, log, _) = Convert((g, x) =>
        {
            var scaled = g.Op("Mul", g.Op("Tanh", g.Op("MatMul", x, g.Weight("w", Square))), Number(g, scale));
            var reduced = g.Op(opType, [scaled], ("keepdims", 1L));
            return g.Op("MatMul", g.Op("Div", scaled, g.Op("Max", g.Op("Abs", reduced), Number(g, 1))), g.Weight("v", Square));
        }, opset: 11);

        Assert.That(Refusal(log, opType) ?? "", stays ? Does.Contain("65504") : Is.Empty);
    }

    [TestCase(1f, false)]
    [TestCase(300f, true)]
    public void The_variance_inside_a_normalization_counts(float scale, bool stays)
    {
        var (_, log, _) = Convert((g, x) =>
        {
            var scaled = g.Op("Mul", g.Op("Tanh", g.Op("MatMul", x, g.Weight("w", Square))), Number(g, scale));
            return g.Op("MatMul", g.Op("LayerNormalization", scaled, Vector(g, 1)), g.Weight("v", Square));
        });

        Assert.That(Refusal(log, "LayerNormalization") ?? "", stays ? Does.Contain("sums within") : Is.Empty);
    }

    [TestCase(1f, false)]
    [TestCase(2e4f, true)]
    public void Partial_sums_of_products_count(float scale, bool stays)
    {
        // Positive and negative parts cancel: only the sums on the way are large.
        var (_, log, _) = Convert((g, x) =>
        {
            var ones = g.Op("Mul", g.Op("Tanh", g.Op("Add", g.Op("Abs", x), Number(g, 20))), Number(g, scale));
            var cancelling = Tensor.Create([32, 32], [.. Enumerable.Range(0, 32 * 32).Select(i => i / 32 % 2 == 0 ? 1f : -1f)]);
            return g.Op("MatMul", g.Op("Div", g.Op("MatMul", ones, g.Weight("cancelling", cancelling)), Number(g, scale)), g.Weight("v", Square));
        });

        Assert.That(log.Refusals.Any(refusal => refusal.Why.Contains("sums within MatMul", StringComparison.Ordinal)), Is.EqualTo(stays));
    }

    [Test]
    public void A_divisor_that_may_become_zero_stays_float32()
    {
        var (_, log, _) = Convert((g, x) =>
        {
            var small = g.Op("Exp", g.Op("Neg", g.Op("Abs", g.Op("MatMul", x, g.Weight("w", Square)))));
            return g.Op("MatMul", g.Op("Div", small, small), g.Weight("v", Square));
        });

        Assert.That(Refusal(log, "Div"), Does.Contain("may become zero"));
    }

    [TestCase(1f, false)]
    [TestCase(300f, true)]
    public void Values_in_bodies_are_seen_too(float scale, bool stays)
    {
        var (_, log, _) = Convert((g, x) =>
        {
            var node = g.If(g.Initializer("c", Tensor.Create(DataType.Bool, [], new[] { true })), then =>
            [
                then.Op("Mul", then.Op("Pow", then.Op("Mul", then.Op("Tanh", then.Op("MatMul", x, g.Weight("w", Square))), Number(then, scale)), Number(then, 2)), Number(then, 1e-4f)),
            ], otherwise => [otherwise.Op("Relu", x)]);
            return g.Op("MatMul", node.Output(), g.Weight("v", Square));
        });

        Assert.That(Refusal(log, "Pow") ?? "", stays ? Does.Contain("reaches 9e+04") : Is.Empty);
    }

    [Test]
    public void With_data_harmless_squares_are_computed_in_float16()
    {
        var (model, log, diagnostics) = Convert((g, x) => g.Op("MatMul", g.Op("Pow", g.Op("Tanh", g.Op("MatMul", x, g.Weight("w", Square))), Number(g, 2)), g.Weight("v", Square)));

        Assert.That(log.Refusals, Is.Empty);
        Assert.That(Operators(model), Is.EqualTo(new[] { "Cast", "MatMul", "Tanh", "Pow", "MatMul", "Cast" }));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code), Is.EqualTo(new[] { "MO4012" }));
    }

    private (OnnxModel Model, RewriteLog Log, DiagnosticBag Diagnostics) Convert(Func<GraphBuilder, Value, Value> pattern, long opset = 17)
    {
        var g = new GraphBuilder(opset);
        g.Output("y", pattern(g, g.Input("x", DataType.Float, 4, 32)));
        var original = g.Build();
        var samples = Enumerable.Range(0, 3).Select(seed => Weights.Random(4 * 32).Select(number => number * (seed + 1)).ToArray()).ToList();
        File.WriteAllLines(_data, samples.Select(sample => JsonSerializer.Serialize(new { x = sample.Chunk(32) })));
        var (model, log, diagnostics) = (original.Clone(), new RewriteLog(), new DiagnosticBag());
        var context = new PassContext(model, log, PassContexts.Engine, diagnostics)
        {
            Calibration = new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [_data] }),
        };
        PassRunner.Run(context, new ConvertFloat16(new() { Form = HalfForm.Compute, MinElements = 64 }));
        PassTester.SameOutputs(original, model, new Tolerance(1e-2), new() { ["x"] = Tensor.Create([4, 32], samples[1]) });
        return (model, log, diagnostics);
    }

    private static string? Refusal(RewriteLog log, string opType) =>
        log.Refusals.FirstOrDefault(refusal => refusal.Where.StartsWith($"{opType} ", StringComparison.Ordinal))?.Why;

    private static IEnumerable<string> Operators(OnnxModel model) => model.Graph.Nodes.Select(node => node.OpType);

    private static Value Number(GraphBuilder g, float number) => g.Initializer("number", Tensor.Create([], number));

    private static Value Vector(GraphBuilder g, float number) => g.Initializer("vector", Tensor.Create([32], [.. Enumerable.Repeat(number, 32)]));
}
