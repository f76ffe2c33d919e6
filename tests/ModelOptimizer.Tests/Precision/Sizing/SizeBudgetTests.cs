using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Quantization;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.Sizing;

/// <summary>quantize-weights with a budget for the whole model.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SizeBudgetTests : IDisposable
{
    private const int Depth = 128;
    private static readonly SourceLocation s_line = new("model-opt.yaml", 5, 5);

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestCase(0.16, true)]
    [TestCase(0.3, true)]
    [TestCase(0.6, true)]
    [TestCase(0.16, false)]
    [TestCase(0.3, false)]
    [TestCase(0.6, false)]
    public void The_file_fits_and_the_report_says_what_it_is(double share, bool withData)
    {
        var model = Model();
        var budget = (long)(share * ModelWriter.SizeOf(model));

        var report = Run(model, new() { Budget = new ByteSize(budget) }, withData ? Samples() : null).SizeBudgets.Single();

        Assert.That(ModelWriter.ToBytes(model), Has.Length.LessThanOrEqualTo(budget));
        Assert.That(report.Bytes, Is.EqualTo(ModelWriter.SizeOf(model)));
        Assert.That(report.Measure, Does.Contain(withData ? "at the outputs" : "there is no calibration data"));
        Assert.That(report.Weights.Select(weight => weight.Weight), Is.EqualTo(new[] { "loud", "quiet", "head" }));
        Assert.That(report.Weights.Sum(weight => weight.Share), Is.EqualTo(1).Within(1e-9));
        Assert.That(report.Curve.Select(point => point.Bytes), Is.Ordered);
        Assert.That(report.Curve.Select(point => point.Error), Is.Ordered.Descending);
        Assert.That(report.Larger!.Error, Is.LessThan(report.Error));
        Assert.That(report.Smaller?.Error ?? double.PositiveInfinity, Is.GreaterThanOrEqualTo(report.Error));
        Assert.That(report.Tried.Count(tried => tried.Taken), Is.EqualTo(withData ? 1 : 0));
        Assert.That(GraphVerifier.Verify(model), Is.Empty);
        Assert.DoesNotThrow(() => PassContexts.Engine.Open(model, new()).Dispose());
    }

    [Test]
    public void What_the_outputs_hardly_show_gets_fewer_bits()
    {
        var model = Model();
        var report = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model) / 5) }, Samples()).SizeBudgets.Single();

        Assert.That(BitsOf(report, "quiet"), Is.LessThan(BitsOf(report, "loud")));
    }

    [Test]
    public void Bits_are_the_most_and_blocks_are_kept()
    {
        var model = Model();
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(ModelWriter.SizeOf(model) / 3), Bits = 4, BlockSize = 64 };
        var report = Run(model, options, Samples()).SizeBudgets.Single();

        Assert.That(report.Weights.Select(weight => weight.Bits), Has.All.AnyOf(2, 4, 32));
        Assert.That(report.Weights.Where(weight => weight.Bits != 32).Select(weight => weight.Form), Has.All.Contains("blocks of 64"));
    }

    [Test]
    public void Weights_stay_floats_where_all_of_them_fit()
    {
        var model = Model();
        var log = Run(model, new() { Budget = new ByteSize(ModelWriter.SizeOf(model)) }, null);

        Assert.That(log.Rewrites, Is.Empty);
        Assert.That(log.Weights.Select(weight => weight.Refusal), Has.All.Contains("the budget has room for it"));
    }

    [Test]
    public void Out_of_reach_it_names_the_smallest_size_which_is_reached_then()
    {
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(4000), Location = s_line };
        var missed = Assert.Throws<DiagnosticException>(() => Run(Model(), options, null))!.Diagnostics.Single();
        Assert.That(missed.Descriptor, Is.EqualTo(DiagnosticCatalog.SizeBudgetMissed));
        Assert.That(missed.Location, Is.EqualTo(s_line));

        var smallest = long.Parse(missed.Message.Split(" bytes) is the smallest")[0].Split('(')[^1].Replace(",", "", StringComparison.Ordinal));
        var model = Model();
        Run(model, new() { Budget = new ByteSize(smallest) }, null);
        Assert.That(ModelWriter.ToBytes(model), Has.Length.EqualTo(smallest));
        Assert.Throws<DiagnosticException>(() => Run(Model(), new() { Budget = new ByteSize(smallest - 1) }, null));
    }

    [Test]
    public void An_accuracy_goal_beside_it_is_refused()
    {
        var goal = new AccuracyGoal(new BudgetLimit("sqnr", s_line) { Min = 30 });
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(1 << 20), Location = s_line, Accuracy = goal };

        Assert.That(Assert.Throws<DiagnosticException>(() => Run(Model(), options, null))!.Diagnostics.Single().Descriptor,
            Is.EqualTo(DiagnosticCatalog.SizeBudgetConflict));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void The_number_of_threads_changes_nothing(int threads)
    {
        var (some, others, data) = (Model(), Model(), Samples());
        var options = new QuantizeWeightsOptions { Budget = new ByteSize(ModelWriter.SizeOf(some) / 4) };
        Run(some, options, data);
        using (Cores.Limit(threads))
            Run(others, options, data);

        Assert.That(ModelWriter.ToBytes(others), Is.EqualTo(ModelWriter.ToBytes(some)));
    }

    private static int BitsOf(SizeBudgetReport report, string weight) => report.Weights.Single(one => one.Weight == weight).Bits;

    private static RewriteLog Run(OnnxModel model, QuantizeWeightsOptions options, string? data)
    {
        var log = new RewriteLog();
        var calibration = data is null ? null : new CalibrationData(PassContexts.Engine, new CalibrationSettings { Data = [data] });
        var context = new PassContext(model, log, PassContexts.Engine, new DiagnosticBag()) { Calibration = calibration };
        PassRunner.Run(context, [new QuantizeWeights(options)]);
        context.RefreshDeclarations();
        return log;
    }

    private string Samples() =>
        _folder.WriteNpz($"{Guid.NewGuid()}.npz", ("x", DataFolder.Floats($"(6, 150, {Depth})", Weights.Random(6 * 150 * Depth, seed: 7))));

    /// <summary>Two layers side by side, one of which counts for a hundredth, and a small one after them.</summary>
    private static OnnxModel Model()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, Dimension.Unknown, Depth);
        var loud = g.Op("MatMul", x, g.Weight("loud", Matrix(Depth, Depth, seed: 1)));
        var (hundredth, second) = (g.Initializer("hundredth", Tensor.Create([], 0.01f)), g.Weight("quiet", Matrix(Depth, Depth, seed: 2)));
        var quiet = g.Op("Mul", g.Op("MatMul", x, second), hundredth);
        g.Output("y", g.Op("MatMul", g.Op("Add", loud, quiet), g.Weight("head", Matrix(Depth, 32, seed: 3))));
        return g.Build();
    }

    private static Tensor Matrix(int rows, int columns, int seed) =>
        Tensor.Create([rows, columns], [.. Weights.Random(rows * columns, seed).Select(weight => weight / 20)]);
}
