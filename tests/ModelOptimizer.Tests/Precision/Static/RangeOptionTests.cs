using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Profiles;

namespace ModelOptimizer.Tests.Precision.Static;

public sealed class RangeOptionTests
{
    [TestCase("percentile: 99.9, calibrator: min-max", "'percentile' of quantize-static does nothing with the calibrator min-max: add 'calibrator: percentile'")]
    [TestCase("percentile: 99.99, calibrator: mse", "'percentile' of quantize-static does nothing with the calibrator mse: add 'calibrator: percentile'")]
    [TestCase("averaging-constant: 0.1", "'averaging-constant' of quantize-static does nothing with the calibrator percentile: add 'calibrator: moving-average'")]
    public void Options_of_another_calibrator_are_told_where_they_stand(string entry, string message)
    {
        var options = Read(entry);
        var diagnostics = new DiagnosticBag();
        PassContexts.Run(Product(), diagnostics, int.MaxValue, new QuantizeStatic(options));

        var told = diagnostics.Diagnostics.Single(diagnostic => diagnostic.Code == "MO4032");
        Assert.That((told.Severity, told.Location?.Line), Is.EqualTo((Severity.Warning, (int?)3)));
        Assert.That(told.Message, Does.StartWith(message));
    }

    [TestCase("calibrator: percentile, percentile: 99.9", 99.9, 0.01)]
    [TestCase("calibrator: moving-average, averaging-constant: 0.5", 99.99, 0.5)]
    [TestCase("calibrator: entropy", 99.99, 0.01)]
    public void Options_of_the_chosen_calibrator_reach_it(string entry, double percentile, double constant)
    {
        var options = Read(entry);

        Assert.That(options.Idle(), Is.Empty);
        var wanted = new RangeOptions { Calibrator = options.Calibrator!, Percentile = percentile, AveragingConstant = constant };
        Assert.That(options.RangesFor(Grid(DataType.UInt8)), Is.EqualTo(wanted));
        Assert.That(options.RangesFor(Grid(DataType.UInt16)), Is.EqualTo(wanted with { Bits = 16 }), "what is asked for holds for all");
    }

    [TestCase("", DataType.UInt8, "percentile")]
    [TestCase("", DataType.UInt16, "min-max")]
    [TestCase("percentile: 99.9", DataType.UInt16, "percentile")]
    [TestCase("calibrator: mse", DataType.UInt16, "mse")]
    public void Steps_of_16_bits_are_fine_enough_not_to_clip(string entry, DataType type, string calibrator) =>
        Assert.That(Read(entry).RangesFor(Grid(type)).Calibrator.Name, Is.EqualTo(calibrator));

    private static AffineGrid Grid(DataType type) => AffineGrid.ForActivations(type, symmetric: false);

    private static QuantizeStaticOptions Read(string entry)
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", $"version: 1\npasses:\n  - quantize-static: {{ {entry} }}\n");
        return (QuantizeStaticOptions)ModelOptimizer.Profiles.ProfileReader.Read(folder["p.yaml"], new DiagnosticBag())!.Passes.Single().Options!;
    }

    private static OnnxModel Product()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, 4), g.Initializer("w", [4, 4], [.. Enumerable.Range(1, 16).Select(i => i / 16f)])));
        return g.Build();
    }
}
