using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>The warning of 16-bit sums that CPUs without VNNI clip: 255 · 127 fits into one, twice that does not.</summary>
public sealed class SaturationTests
{
    [Test]
    public void Sums_are_counted_on_calibration_data()
    {
        // In two of three rows neighbours are large together.
        var rows = Tensor.Create([3, 4], 1f, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1);

        var told = Warn(Product(), rows);

        Assert.That(told.Message, Does.StartWith("On x86 CPUs without VNNI, 16-bit sums overflow in 1 nodes: ").And.Contain("(66.667% of its results)")
            .And.Contain("counted on the calibration data (at most 32 of its samples, all of their rows)")
            .And.Not.Contain("bound").And.Contain("target-isa: [avx2]"));
        Assert.That(told.Severity, Is.EqualTo(Severity.Warning));
    }

    [Test]
    public void What_no_data_reaches_is_told_but_does_not_warn()
    {
        var told = Warn(Product(), Tensor.Create([3, 4], 1f, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0));

        Assert.That((told.Code, told.Severity), Is.EqualTo(("MO4002", Severity.Info)));
        Assert.That(told.Message, Does.Contain("could overflow in 1 nodes as far as their weights tell, but on the calibration data").And.Contain("none does"));
    }

    /// <summary>Of so many pairs of weights only some rows are counted, and the first is like no other.</summary>
    [Test]
    public void Counted_rows_are_spread_over_all()
    {
        var told = Warn(Large(), Tensor.Create([40, 64], [.. Enumerable.Range(0, 40 * 64).Select(i => i < 64 && i % 2 == 0 ? 0f : 1f)]));

        Assert.That(told.Severity, Is.EqualTo(Severity.Warning));
        Assert.That(told.Message, Does.Contain("(100% of its results). That is counted on the calibration data (at most 32 of its samples, "
            + "25% or more of their rows)"));
    }

    [TestCase(2, false)]
    [TestCase(30, true)]
    public void Few_rows_without_an_overflow_tell_little(int samples, bool isEnough)
    {
        using var folder = new DataFolder();
        var row = $"[{string.Join(",", Enumerable.Range(0, 64).Select(i => i % 2))}]";
        var line = $"{{\"x\": [{string.Join(",", Enumerable.Repeat(row, 40))}]}}";

        var told = Warn(Large(), Calibrations.Of(Calibrations.WriteLines(folder, Enumerable.Repeat(line, samples))));

        Assert.That(told.Severity, Is.EqualTo(isEnough ? Severity.Info : Severity.Warning));
        Assert.That(told.Message, isEnough
            ? Does.EndWith("samples, 25% or more of their rows) none does. Add 'target-isa: [avx2]' to quantize-static if the app runs on such CPUs, "
                + "or 'target-isa: [vnni]' if it does not.")
            : Does.Contain("(20 of 80 rows counted)").And.Contain("it takes 300 rows to call it rare"));
    }

    [TestCase(new float[] { 1, 0, 1, 0 }, true)]
    [TestCase(new float[] { 1, 1, 0, 0 }, false)]
    public void Convolutions_add_up_channels_first(float[] picture, bool overflows)
    {
        // For each channel a window of two: in memory order no two large weights are neighbours.
        var g = new GraphBuilder();
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 1, 2, 1, 2), g.Weight("w", Tensor.Create([1, 2, 1, 2], 1f, 0, 1, 0))));

        var told = Warn(g.Build(), Tensor.Create([1, 2, 1, 2], picture));

        Assert.That(told.Message, overflows ? Does.Contain("(100% of its results)") : Does.Contain("none does"));
    }

    /// <summary>Recurrent layers are bounded by their weights, products counted on data: one pass says it once.</summary>
    [Test]
    public void Products_and_recurrent_layers_share_a_message()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 3, 4), g.Weight("w", Tensor.Create([4, 1], 1f, 1, 1, 1))));
        Value Ones(string name, params long[] shape) => g.Weight(name, Tensor.Create(shape, [.. Enumerable.Repeat(1f, (int)shape.Aggregate((a, b) => a * b))]));
        var sequence = g.Op("Unsqueeze", g.Op("Relu", g.Input("s", DataType.Float, 3, 16)), g.Constant(Tensor.Create([1], 1L)));
        g.Output("z", g.Op("LSTM", [sequence, Ones("lstm", 1, 32, 16), Ones("again", 1, 32, 8)], ("hidden_size", 8)));
        var model = g.Build();
        var fed = new Dictionary<string, Tensor> { ["x"] = Tensor.Create([3, 4], [.. Enumerable.Repeat(1f, 12)]), ["s"] = Tensor.Create([3, 16], new float[48]) };
        using var calibration = new SampleCalibration(model, fed);

        var told = Warn(model, calibration.Data);

        Assert.That(told.Severity, Is.EqualTo(Severity.Warning));
        Assert.That(told.Message, Does.StartWith("On x86 CPUs without VNNI, 16-bit sums overflow in 1 nodes: ").And.Contain("could overflow in products with 2 weights: lstm (100% of its pairs)")
            .And.EndsWith("Add 'target-isa: [avx2]' to quantize-static if the app runs on such CPUs, or 'target-isa: [vnni]' if it does not."));
    }

    [Test]
    public void Groups_read_their_own_channels()
    {
        var g = new GraphBuilder();
        var weight = g.Weight("w", Tensor.Create([2, 2, 1, 1], 1f, 1, 1, 1));
        g.Output("y", g.Op("Conv", [g.Input("x", DataType.Float, 1, 4, 1, 2), weight], ("group", 2)));

        // Only the second group, and there only at the first of two places.
        var told = Warn(g.Build(), Tensor.Create([1, 4, 1, 2], 1f, 0, 0, 1, 1, 0, 1, 0));

        Assert.That(told.Message, Does.Contain("(25% of its results)"));
    }

    [Test]
    public void Without_data_the_weights_give_a_bound()
    {
        using var folder = new DataFolder();
        var rows = Tensor.Create([3, 4], 1f, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0);
        var model = Product();
        using (var calibration = new SampleCalibration(model, new Dictionary<string, Tensor> { ["x"] = rows }))
        {
            Warn(model.Clone(), calibration.Data);
            calibration.Data.ToFile()!.Write(folder["model.ranges.json"]);
        }

        var told = Warn(model, new CalibrationData(PassContexts.Engine, new CalibrationSettings { Ranges = folder["model.ranges.json"] }));

        Assert.That(told.Message, Does.Contain("(100% of its pairs of weights)").And.Contain("a bound from the weights alone").And.Not.Contain("counted"));
        Assert.That(told.Severity, Is.EqualTo(Severity.Warning));
    }

    private static OnnxModel Product()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 3, 4), g.Weight("w", Tensor.Create([4, 2], [.. Enumerable.Repeat(1f, 8)]))));
        return g.Build();
    }

    /// <summary>As many risky pairs as may be looked at for a sample.</summary>
    private static OnnxModel Large()
    {
        var g = new GraphBuilder();
        var weight = g.Weight("w", Tensor.Create([64, 8192], [.. Enumerable.Repeat(1f, 64 * 8192)]));
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 40, 64), weight));
        return g.Build();
    }

    private static Diagnostic Warn(OnnxModel model, Tensor x)
    {
        using var calibration = new SampleCalibration(model, new Dictionary<string, Tensor> { ["x"] = x });
        return Warn(model, calibration.Data);
    }

    private static Diagnostic Warn(OnnxModel model, CalibrationData data)
    {
        var diagnostics = new DiagnosticBag();
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, diagnostics) { Calibration = data };
        PassRunner.Run(context, new QuantizeStatic(new() { Prefer = Preference.Size, Calibrator = Calibrator.MinMax, Refine = false }));
        return diagnostics.Diagnostics.Single();
    }
}
