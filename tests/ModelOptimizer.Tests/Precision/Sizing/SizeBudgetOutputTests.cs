using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>Size budgets where noise over signal is not to be had at all outputs.</summary>
public sealed class SizeBudgetOutputTests : SizeBudgetFixture
{
    /// <summary>It is other than zero only once one of the two is rounded.</summary>
    [Test]
    public void Outputs_without_a_signal_do_not_count()
    {
        var (model, budget) = WithOutput((g, difference) => difference);
        var report = Run(model, budget, Samples()).SizeBudgets.Single();

        Assert.That(report.Measure, Does.Contain("; 'edge' is zero on all samples and doesn't count"));
        Assert.That(report.Weights.Select(weight => weight.Bits), Has.All.LessThan(32));
        Assert.That(report.Tried.Select(tried => tried.Noise), Has.All.LessThan(1));
    }

    /// <summary>The logarithm of zero, of which rounding makes other numbers, and the other way round.</summary>
    [Test]
    public void Of_outputs_that_are_not_finite_themselves_the_rest_counts()
    {
        var model = Model((g, y) => g.Op("Log", g.Op("Relu", y)));
        var report = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model) / 5) }, Samples()).SizeBudgets.Single();

        Assert.That(report.Measure, Does.EndWith("; of 'edge' only what is finite counts"));
        Assert.That(report.Tried.Select(tried => tried.Noise), Has.All.LessThan(1));
        Assert.That(report.Error, Is.GreaterThan(0).And.LessThan(1));
    }

    /// <summary>The root of what is below zero as soon as one of the two is rounded.</summary>
    [Test]
    public void Weights_that_make_outputs_infinite_are_weighed_by_their_own_errors()
    {
        var (model, budget) = WithOutput((g, difference) =>
            g.Op("Sqrt", g.Op("Sub", g.Initializer("little", Tensor.Create([], 1e-12f)), g.Op("Abs", difference))));
        var report = Run(model, budget, Samples()).SizeBudgets.Single();

        Assert.That(report.Measure, Does.EndWith(
            "; of 'one', 'same', which make outputs infinite, the error of the weight itself, relative to its energy"));
        Assert.That(report.Weights.Where(weight => weight.Weight is "one" or "same").Select(weight => weight.Bits), Has.All.LessThan(32));
    }

    /// <summary>
    /// The root of what is below zero once a weight is rounded coarsely: the coarsest choice was seen to do that, a middle one was not, and of those
    /// in between nobody knows. They seem to cost less than the same bits of another weight.
    /// </summary>
    [Test]
    public void What_was_never_measured_is_left_out_where_the_answer_makes_outputs_infinite()
    {
        var (model, options) = Edge(83_000);
        var diagnostics = new DiagnosticBag();
        var report = Run(model, options, Samples(), diagnostics).SizeBudgets.Single();

        Assert.That(report.Tried[0].Noise, Is.EqualTo(double.PositiveInfinity));
        Assert.That(report.Tried.Single(tried => tried.Taken).Noise, Is.LessThan(1));
        Assert.That(report.Error, Is.LessThan(1));
        Assert.That(report.Weights.Select(weight => (weight.Weight, weight.Bits)), Is.EqualTo(new[] { ("one", 4), ("big", 2) }));
        Assert.That(report.Bytes, Is.EqualTo(ModelWriter.SizeOf(model)).And.LessThanOrEqualTo(83_000));
        Assert.That(diagnostics.Diagnostics, Is.Empty);
    }

    /// <summary>4 bits and 2 bits were seen to make outputs infinite: 8 bits, which do not, are not lost with them.</summary>
    [Test]
    public void Finer_choices_are_measured_where_a_middle_one_makes_outputs_infinite()
    {
        var (model, options) = Edge(92_000, limit: 0.15f);
        var diagnostics = new DiagnosticBag();
        var report = Run(model, options, Samples(), diagnostics).SizeBudgets.Single();

        Assert.That(report.Tried.Single(tried => tried.Taken).Noise, Is.LessThan(1));
        Assert.That(report.Weights.Select(weight => (weight.Weight, weight.Bits)), Is.EqualTo(new[] { ("one", 8), ("big", 2) }));
        Assert.That(report.Measure, Does.Not.Contain("make outputs infinite"));
        Assert.That(diagnostics.Diagnostics, Is.Empty);
    }

    [Test]
    public void Nothing_that_leaves_outputs_finite_is_told()
    {
        var (model, options) = Edge(79_000);
        var diagnostics = new DiagnosticBag();
        var report = Run(model, options, Samples(), diagnostics).SizeBudgets.Single();

        Assert.That(report.Tried.Select(tried => tried.Noise), Is.All.EqualTo(double.PositiveInfinity));
        Assert.That(report.Tried[0].Taken, Is.True);
        Assert.That(report.Error, Is.LessThan(double.PositiveInfinity));
        Assert.That(diagnostics.Diagnostics.Select(diagnostic => diagnostic.Descriptor), Is.EqualTo(new[] { DiagnosticCatalog.SizeBudgetNotFinite }));
    }

    /// <summary>Whole numbers tell nothing.</summary>
    [TestCase("mse", "squared error of each weight, relative to its energy, added up; mse learns from no inputs")]
    [TestCase("gptq", "squared error of each layer's output on calibration data, relative to its energy, added up")]
    public void What_was_measured_is_named_where_no_output_tells(string algorithm, string measure)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth);
        g.Output("y", g.Op("ArgMax", g.Op("MatMul", x, g.Weight("w", Matrix(Depth, Depth, 1)))));
        var model = g.Build();
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(ModelWriter.SizeOf(model) / 4), Algorithm = WeightAlgorithm.Find(algorithm)! };

        Assert.That(Run(model, options, Samples()).SizeBudgets.Single().Measure, Is.EqualTo(measure));
    }

    /// <summary>An output that ends where one weight is off by too much, and two of another weight.</summary>
    /// <param name="limit">By how much: a middle choice stays below 2.</param>
    private static (OnnxModel Model, QuantizeWeightsOptions Options) Edge(long budget, float limit = 2)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth);
        var (one, kept) = (g.Weight("one", Matrix(Depth, Depth, 1)), g.Weight("kept", Matrix(Depth, Depth, 1)));
        var difference = g.Op("Sub", g.Op("MatMul", x, one), g.Op("MatMul", x, kept));
        g.Output("edge", g.Op("Sqrt", g.Op("Sub", g.Initializer("limit", Tensor.Create([], limit)), g.Op("Abs", difference))));
        var big = g.Op("MatMul", x, g.Weight("big", Matrix(Depth, Depth, 2)));
        g.Output("y", big);
        g.Output("z", g.Op("Neg", big));
        return (g.Build(), new() { Budget = new ByteSize(budget), Exclude = ["kept"] });
    }

    /// <param name="edge">Makes an output of the difference of two layers that are alike.</param>
    private static (OnnxModel Model, QuantizeWeightsOptions Options) WithOutput(Func<GraphBuilder, Value, Value> edge)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth);
        var one = g.Op("MatMul", x, g.Weight("one", Matrix(Depth, Depth, 1)));
        var same = g.Op("MatMul", x, g.Weight("same", Matrix(Depth, Depth, 1)));
        g.Output("y", g.Op("Add", one, g.Op("MatMul", same, g.Weight("head", Matrix(Depth, Depth, 2)))));
        g.Output("edge", edge(g, g.Op("Sub", one, same)));
        var model = g.Build();
        return (model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model) / 5) });
    }
}
