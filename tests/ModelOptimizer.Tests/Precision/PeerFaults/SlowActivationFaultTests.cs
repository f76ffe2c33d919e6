using ModelOptimizer.Diagnostics;
using ModelOptimizer.Passes;
using ModelOptimizer.Quantization;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>Types of activations that the peer takes without a word, though they are slower than float: here the run says so.</summary>
public sealed class SlowActivationFaultTests
{
    /// <summary>Fault 9. There: 2 to 3 times slower than float on CNNs.</summary>
    [TestCase(ActivationType.UInt16)]
    [TestCase(ActivationType.Int16)]
    public void Fault_9_activations_of_16_bits_are_told_to_be_slow(ActivationType type)
    {
        var told = Told(new() { Activations = type });

        Assert.That(told, Does.StartWith($"2 nodes, Conv -> 'Conv_0' the first, compute with {type.ToString().ToLowerInvariant()} activations: "));
        Assert.That(told, Does.Contain("no kernel for 16 bits on CPUs").And.Contain("Leave 'activations' out for uint8"));
    }

    /// <summary>Fault 10. There: 0.5 to 0.9 × the speed of float on x64.</summary>
    [Test]
    public void Fault_10_int8_activations_are_told_to_be_slow_on_x64()
    {
        var told = Told(new() { Activations = ActivationType.Int8 });

        Assert.That(told, Does.Contain("int8 activations: on x64 CPUs they are slower than uint8").And.Contain("'target-isa: [arm64]'"));
    }

    [Test]
    public void Fast_activations_need_no_word()
    {
        Assert.That(Told(new()), Is.Null, "uint8 by default");
        Assert.That(Told(new() { Activations = ActivationType.Int8, TargetIsa = [TargetIsa.Arm64] }), Is.Null, "int8 is the fast type there");
    }

    private static string? Told(QuantizeStaticOptions options)
    {
        var g = new GraphBuilder();
        g.Output("y", StaticModels.Conv(g, StaticModels.Conv(g, g.Input("x", StaticModels.Picture)), "b"));
        var (model, diagnostics) = (g.Build(), new DiagnosticBag());
        using var calibration = new SampleCalibration(model);
        var context = new PassContext(model, new RewriteLog(), PassContexts.Engine, diagnostics) { Calibration = calibration.Data };
        PassRunner.Run(context, new QuantizeStatic(options with { Prefer = Preference.Size }));
        return diagnostics.Diagnostics.SingleOrDefault(told => told.Code == "MO4041")?.Message;
    }
}
