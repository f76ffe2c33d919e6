using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Quantization;
using static ModelOptimizer.Tests.Precision.PeerFaults.FaultPasses;

namespace ModelOptimizer.Tests.Precision.Dynamic;

/// <summary>Every weight of a model with one of each kind of reader is quantized or refused with a reason.</summary>
public sealed class WeightAccountTests
{
    private static readonly Tensor Table = Tensor.Create([Depth, 48], Weights.Random(Depth * 48));

    [Test]
    public void Every_weight_is_accounted_for()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float, 2, 8, Depth);
        var image = g.Op("Conv", g.Op("Unsqueeze", x, g.Int64s("one", 1)), g.Weight("kernel", Tensor.Create([16, 1, 9, 9], Weights.Random(16 * 81))));
        g.Output("a", Layers(g, x));
        g.Output("b", g.Op("Relu", image));
        var (w, r) = (Tensor.Create([1, 96, Depth], Weights.Random(96 * Depth)), Tensor.Create([1, 96, 32], Weights.Random(96 * 32)));
        g.Output("c", g.Op("GRU", [x, g.Weight("gw", w), g.Weight("gr", r)], ("hidden_size", 32)));
        g.Output("d", g.Op("MatMul", x, g.Weight("stack", Tensor.Create([2, Depth, 32], Weights.Random(2 * Depth * 32)))));
        g.Output("e", g.Op("MatMul", g.Weight("left", Tensor.Create([90, 8], Weights.Random(720))), x));
        g.Output("f", g.Op("MatMul", x, g.Weight("small", Tensor.Create([Depth, 2], Weights.Random(2 * Depth)))));
        g.Output("g", g.Op("Gather", g.Weight("table", Table), g.Input("i", DataType.Int64, 2)));

        var log = PassContexts.Run(g.Build(), new QuantizeDynamic(new() { Prefer = Preference.Size }));

        Assert.That(log.Weights.Select(weight => $"{weight.Weight}: {(weight.Refusal is null ? "quantized" : "refused")}"), Is.EquivalentTo(new[]
        {
            "w: quantized", "lw: quantized", "lr: quantized", "kernel: refused", "gw: refused", "gr: refused", "stack: quantized", "left: quantized",
            "small: refused", "table: quantized",
        }));
    }
}
