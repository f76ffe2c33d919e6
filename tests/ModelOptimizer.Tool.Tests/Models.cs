using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tool.Tests;

/// <summary>Small models that tests write to disk.</summary>
internal static class Models
{
    /// <summary>A classifier that every pass finds something in: two products with weights of 64 × 32 and 32 × 4, an Identity between.</summary>
    public static string Classifier(TemporaryFolder folder, string file = "model.onnx")
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var x = g.Input("x", DataType.Float, new Dimension(null, "batch"), 64);
        var hidden = g.Op("Relu", g.Op("MatMul", x, g.Initializer("w1", [64, 32], Noise(64 * 32))));
        var logits = g.Op("MatMul", g.Op("Identity", hidden), g.Initializer("w2", [32, 4], Noise(32 * 4)));
        g.Output("logits", logits, new TensorType(DataType.Float, new Shape([new Dimension(null, "batch"), 4])));
        ModelWriter.Save(g.Build(), folder[file]);
        return folder[file];
    }

    /// <summary>
    /// One whose sum with 100.03, which float16 has not, is off by more in float16 than all else: it is kept in float32 when that is measured.
    /// </summary>
    public static string Shifted(TemporaryFolder folder, string file)
    {
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var x = g.Input("x", DataType.Float, new Dimension(null, "batch"), 64);
        var bounded = g.Op("Tanh", g.Op("MatMul", x, g.Initializer("w1", [64, 32], Noise(64 * 32))));
        var offset = g.Initializer("offset", [32], [.. Enumerable.Repeat(100.03f, 32)]);
        var shifted = g.Op("Mul", g.Op("Add", bounded, offset), g.Initializer("three", [], 3));
        g.Output("y", g.Op("MatMul", g.Op("Sub", shifted, g.Initializer("300", [], 300)), g.Initializer("w2", [32, 4], Noise(32 * 4))));
        ModelWriter.Save(g.Build(), folder[file]);
        return folder[file];
    }

    private static float[] Noise(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}
