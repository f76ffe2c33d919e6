using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Precision.Static;

namespace ModelOptimizer.Tests.Precision.Speed;

public sealed class SlowerDynamicallyTests
{
    [TestCase(32, 64)]
    [TestCase(64, 16)]
    [TestCase(128, 1)]
    public void Small_products_stay_float(long depth, long rows)
    {
        var diagnostics = new DiagnosticBag();
        var log = Run(1, depth, rows, new(), diagnostics);

        Assert.That(log.Weights.Single().Refusal, Is.EqualTo($"slower than float: {depth} × {depth} weights multiply faster than their activations "
            + "become codes; 'prefer: size' quantizes them all the same"));
        Assert.That(diagnostics.Diagnostics.Single().ToString(), Does.Contain("warning MO4042: No product was quantized: all 1 stay float"));
        Assert.That(diagnostics.Diagnostics.Single().ToString(), Does.EndWith("'quantize-dynamic: { prefer: size }'"));
    }

    [TestCase(512, 1)]
    [TestCase(256, 16)]
    [TestCase(128, 64)]
    public void Larger_ones_do_not(long depth, long rows) => Assert.That(Run(1, depth, rows, new()).Weights.Single().Refusal, Is.Null);

    [TestCase(1, false)]
    [TestCase(3, true)]
    public void Products_of_one_activation_share_what_its_codes_cost(int count, bool pays) =>
        Assert.That(Run(count, 128, 16, new()).Weights.Select(weight => weight.Refusal is null), Has.Exactly(count).Items.And.All.EqualTo(pays));

    [Test]
    public void Who_prefers_size_gets_it()
    {
        var diagnostics = new DiagnosticBag();

        Assert.That(Run(1, 64, 1, new() { Prefer = Preference.Size, ReduceRange = true }, diagnostics).Weights.Single().Refusal, Is.Null);
        Assert.That(diagnostics.Diagnostics, Is.Empty);
    }

    private static RewriteLog Run(int count, long depth, long rows, QuantizeDynamicOptions options, DiagnosticBag? diagnostics = null)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 1, rows, depth);
        for (var i = 0; i < count; i++)
            g.Output($"y{i}", g.Op("MatMul", x, g.Weight($"w{i}", StaticModels.Matrix(depth, depth, seed: i))));
        return PassContexts.Run(g.Build(), diagnostics ?? new(), int.MaxValue, new QuantizeDynamic(options));
    }
}
