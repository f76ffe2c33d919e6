using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Precision.PeerFaults;

/// <summary>What the peer quantizes by default though it costs accuracy or time: here the default is the good choice.</summary>
public sealed class OperatorChoiceFaultTests
{
    /// <summary>Rounding more or fewer values is luck to such a degree.</summary>
    private const double Luck = 0.5;

    /// <summary>Fault 7. There: whatever can be quantized is, which loses up to 27 dB against operators picked by hand.</summary>
    [Test]
    public void Nothing_but_products_is_quantized_unless_asked_for()
    {
        var g = new GraphBuilder();
        var conv = StaticModels.Conv(g, g.Input("x", StaticModels.Picture));
        g.Output("y", StaticModels.Conv(g, g.Op("Add", g.Op("Sigmoid", conv), conv), "b"));

        var test = StaticModels.Quantize(g.Build());

        Assert.That(test.Log.Nodes.Select(node => node.Operator), Is.All.EqualTo("Conv"));
        Assert.That(test.Log.Refusals.Select(refusal => refusal.Why), Has.Exactly(2).Contains("saves no time"));
    }

    /// <summary>Fault 7, on real models.</summary>
    /// <param name="model">The model, with real data.</param>
    /// <param name="least">In dB: what the peer reaches by hand on the OCR models; else a little below what was measured.</param>
    [TestCase("ocr-det", 13.07)]
    [TestCase("ocr-rec", 12.86)]
    [TestCase("langid-bert", 20)]
    [TestCase("mnist-pytorch", 35)]
    [Category("Slow")]
    public void Operators_chosen_by_default_are_at_least_as_good_as_those_picked_by_hand(string model, double least)
    {
        var chosen = PeerProtocol.Sqnr(model, new QuantizeStatic(new() { Prefer = Preference.Size }));
        var picked = PeerProtocol.Sqnr(model, new QuantizeStatic(new() { Prefer = Preference.Size, Operators = ["Conv", "MatMul", "Gemm"] }));

        Assert.That(chosen, Is.GreaterThan(Math.Max(least, picked - Luck)));
    }

    /// <summary>Fault 7, on a model that magnifies every change: its first form keeps 9 to 16 dB, by the samples that show the ranges.</summary>
    /// <param name="samples">Spread over all.</param>
    [TestCase(16)]
    [TestCase(256)]
    [Category("Slow")]
    public void Whichever_samples_show_the_ranges_for_size_they_keep_as_much_as_operators_picked_by_hand(int samples) =>
        Assert.That(PeerProtocol.Sqnr("ocr-rec", new QuantizeStatic(new() { Prefer = Preference.Size }), samples), Is.GreaterThan(12.86));

    /// <summary>Fault 11. There: the dynamic form takes convolutions by default, at 0.23 × the speed and 2.7 dB on a text recognizer.</summary>
    [Test]
    public void Convolutions_are_not_made_dynamic_by_default_and_the_reason_says_how_slow_they_would_be()
    {
        var g = new GraphBuilder();
        var kernel = g.Initializer("k", [24, 6, 3, 3], Weights.Random(24 * 6 * 9));
        g.Output("y", g.Op("Conv", g.Input("x", DataType.Float, 2, 6, 9, 7), kernel));

        var test = PassTester.Run(new QuantizeDynamic(new() { Prefer = Preference.Size }), g.Build());

        Assert.That(test.Log.Rewrites, Is.Empty);
        Assert.That(test.Log.Weights.Single().Refusal, Does.Contain("depthwise ones 20 times").And.Contain("operators: [Conv]"));
    }
}
