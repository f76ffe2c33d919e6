using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Sizing;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>Size budgets between float32 and codes: float16 is a choice for every constant.</summary>
public sealed class SizeBudgetHalfTests : SizeBudgetFixture
{
    [Test]
    public void At_the_size_of_float16_nothing_is_lost_beside_it()
    {
        var (model, half) = (Model(), Model());
        PassContexts.Run(half, new ConvertFloat16(new()));
        var report = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(half)) }, Samples()).SizeBudgets.Single();

        var rival = report.Tried.Single(tried => tried.Name == "float16 for all weights");
        Assert.That(rival.Bytes, Is.EqualTo(report.Budget));
        Assert.That(report.Tried.Single(tried => tried.Taken).Noise, Is.GreaterThan(0).And.LessThanOrEqualTo(rival.Noise).And.LessThan(1e-6));
    }

    /// <summary>Above it float32 joins in, below it codes.</summary>
    [TestCase(0.8, 32, true)]
    [TestCase(0.8, 32, false)]
    [TestCase(0.4, 8, true)]
    [TestCase(0.4, 8, false)]
    public void It_is_mixed_with_its_neighbours(double share, int bits, bool withData)
    {
        var model = Model();
        var budget = (long)(share * ModelWriter.SizeOf(model));
        var log = Run(model, new() { Budget = new ByteSize(budget) }, withData ? Samples() : null);

        Assert.That(log.SizeBudgets.Single().Weights.Select(weight => weight.Bits), Has.Some.EqualTo(16).And.Some.EqualTo(bits));
        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThanOrEqualTo(budget).And.Length.EqualTo(log.SizeBudgets.Single().Bytes));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    [Test]
    public void What_gets_no_codes_and_what_is_no_weight_can_be_float16([Values] bool withData)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth, Depth);
        var shifted = g.Op("Add", x, g.Initializer("offset", Matrix(Depth, Depth, 1)));
        var one = g.Op("Unsqueeze", shifted, g.Int64s("axis", 1));
        g.Output("y", g.Op("Conv", one, g.Weight("kernel", Tensor.Create([8, 1, 9, 9], Weights.Random(8 * 81)))));
        var model = g.Build();
        var data = Folder.WriteNpz("x.npz", ("x", Evaluation.DataFolder.Floats($"(6, {Depth}, {Depth})", Weights.Random(6 * Depth * Depth, 7))));
        var log = Run(model, new() { Budget = new ByteSize((long)(0.52 * ModelWriter.SizeOf(model))) }, withData ? data : null);

        var weights = log.SizeBudgets.Single().Weights;
        Assert.That(weights.Select(weight => (weight.Weight, weight.Bits)), Is.EqualTo(new[] { ("kernel", 16), ("offset", 16) }));
        Assert.That(log.Weights.Select(weight => weight.Refusal), Is.All.Null);
        Assert.That(log.Weights.Single(weight => weight.Weight == "kernel").Form, Does.StartWith("float16; no codes: "));
        Assert.That(log.Weights.Single(weight => weight.Weight == "offset").Form, Is.EqualTo("float16"));
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    /// <summary>It is not even looked at.</summary>
    [Test]
    public void What_takes_2_GiB_in_16_bits_too_has_no_choice()
    {
        const int length = 1 << 15;
        var g = new GraphBuilder();
        var offset = g.Initializer("offset", UnreadTensor.Create(DataType.Float, length, length));
        g.Output("y", g.Op("Add", g.Input("x", DataType.Float, length, length), offset));
        var model = g.Build();
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(1 << 30) };
        var (context, selector) = (new PassContext(model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag()), new NodeSelector(options));
        var survey = new WeightSurvey(
            SizeSettings.Of(options), SizeSettings.Algorithms(options, hasData: false), selector, new WeightPolicy(options, model),
            new LstmWeights(options, selector, context), default, null, null, new HalfConstants(model, DataType.Float16), context);

        Assert.That(survey.Run(), Is.Empty);
    }

    /// <summary>Of 8 bits the runtime has an LSTM only that takes both weights or none.</summary>
    [Test]
    public void Weights_of_LSTM_can_be_float16([Values] bool withData)
    {
        var g = new GraphBuilder();
        var w = g.Weight("w", Tensor.Create([1, 256, 64], Weights.Random(256 * 64, seed: 1)));
        var r = g.Weight("r", Tensor.Create([1, 256, 64], Weights.Random(256 * 64, seed: 2)));
        g.Output("y", g.Op("LSTM", [g.Input("x", DataType.Float, 5, 2, 64), w, r], ("hidden_size", 64)));
        var model = g.Build();
        var budget = (long)(0.52 * ModelWriter.SizeOf(model));
        var data = Folder.WriteNpz("x.npz", ("x", Evaluation.DataFolder.Floats("(6, 5, 2, 64)", Weights.Random(6 * 5 * 2 * 64, 7))));
        var log = Run(model, new() { Budget = new ByteSize(budget) }, withData ? data : null);

        var report = log.SizeBudgets.Single();
        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThanOrEqualTo(budget).And.Length.EqualTo(report.Bytes));
        Assert.That(report.Weights.Select(weight => (weight.Weight, weight.Bits)), Is.EqualTo(new[] { ("w", 16), ("r", 16) }));
        Assert.That(log.Weights.Select(weight => weight.Form), Is.All.StartsWith("float16; no codes: a size budget has no codes for weights of LSTM"));
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    /// <summary>Numbers beyond its range are brought into it as convert-float16 does, and what is not finite stays.</summary>
    [TestCase(1e6f, "float16")]
    [TestCase(float.PositiveInfinity, null)]
    public void What_overflows_is_scaled_or_stays(float largest, string? form)
    {
        var g = new GraphBuilder();
        var values = Matrix(Depth, Depth, 1).AsSpan<float>().ToArray();
        values[5] = largest;
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth);
        var product = g.Op("MatMul", x, g.Weight("w", Matrix(Depth, Depth, 2)));
        g.Output("y", g.Op("Add", g.Op("ReduceSum", product), g.Initializer("rows", Tensor.Create([1, Depth * Depth], values))));
        var log = Run(g.Build(), new() { Budget = new ByteSize(Depth * Depth * 7) }, null);

        Assert.That(log.SizeBudgets.Single().Weights.SingleOrDefault(weight => weight.Weight == "rows")?.Form, Is.EqualTo(form));
    }

    /// <summary>Bits that an option gives hold, and where they gain nothing the weight stays.</summary>
    [Test]
    public void What_is_too_small_in_the_bits_given_gets_no_others()
    {
        var g = new GraphBuilder();
        var x = g.Op("MatMul", g.Input("x", DataType.Float, Dimension.Unknown, 13), g.Weight("first", Matrix(13, 13, 1)));
        x = g.Op("MatMul", g.Op("MatMul", x, g.Weight("wider", Matrix(13, Depth, 2))), g.Weight("middle", Matrix(Depth, Depth, 3)));
        g.Output("y", g.Op("MatMul", x, g.Weight("last", Matrix(Depth, 200, 4))));
        var model = g.Build();
        var log = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model) / 4), Bits = 2, FirstLastBits = 8 }, null);

        Assert.That(log.Weights.Single(weight => weight.Weight == "first").Refusal, Does.StartWith("too small"));
        Assert.That(log.Weights.Single(weight => weight.Weight == "last").Form, Does.StartWith("int8"));
    }
}
