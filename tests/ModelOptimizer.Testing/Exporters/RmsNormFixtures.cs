using ModelOptimizer.Onnx;

namespace ModelOptimizer.Testing.Exporters;

/// <summary>Root-mean-square normalization, as LLaMA and T5 use it.</summary>
public static class RmsNormFixtures
{
    private const int Width = 8;

    public static IEnumerable<ExporterFixture> All =>
    [
        Fixture(Exporter.TorchScript1, 14, Llama),
        Fixture(Exporter.TorchScript2, 17, Llama),
        Fixture(Exporter.Dynamo, 18, Dynamo),
        Fixture(Exporter.Dynamo, 23, Dynamo),
        Fixture(Exporter.TensorFlow, 13, T5),
        Fixture(Exporter.Paddle, 11, Llama),
    ];

    private static ExporterFixture Fixture(Exporter exporter, long opset, Func<ExporterGraph, Value,
        (Value Output, string[] Simplified)> build)
    {
        var g = new ExporterGraph(exporter, opset, "norm");
        var (output, simplified) = build(g, g.Input("x", "batch", "sequence", Width));
        string[] fused = [opset >= 23 ? "RMSNormalization" : "SimplifiedLayerNormalization"];
        return new ExporterFixture(exporter, "RMS norm", g.Build(output), opset >= 23 ? fused : simplified, fused);
    }

    /// <summary>LlamaRMSNorm with its conversions to float and back.</summary>
    private static (Value Output, string[] Simplified) Llama(ExporterGraph g, Value x)
    {
        var hidden = g.Op("Cast", [x], ("to", (long)DataType.Float));
        var variance = g.Reduce("ReduceMean", g.Op("Pow", hidden, g.Number(2)), -1);
        var inverse = g.Op("Div", g.Number(1), g.Op("Sqrt", g.Op("Add", variance, g.Number(1e-6))));
        var normalized = g.Op("Cast", [g.Op("Mul", hidden, inverse)], ("to", (long)DataType.Float));
        return (g.Op("Mul", g.Weight("weight", Width), normalized), ["Pow", "ReduceMean", "Add", "Sqrt", "Div", "Mul", "Mul"]);
    }

    private static (Value Output, string[] Simplified) Dynamo(ExporterGraph g, Value x)
    {
        var variance = g.Reduce("ReduceMean", g.Op("Pow", x, g.Number(2)), -1);
        var inverse = g.Op("Reciprocal", g.Op("Sqrt", g.Op("Add", variance, g.Number(1e-6))));
        return (g.Op("Mul", g.Weight("weight", Width), g.Op("Mul", x, inverse)),
            ["Pow", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Mul"]);
    }

    /// <summary>TFT5LayerNorm: Square, Mean, Rsqrt.</summary>
    private static (Value Output, string[] Simplified) T5(ExporterGraph g, Value x)
    {
        var variance = g.Reduce("ReduceMean", g.Op("Mul", x, x), -1);
        var inverse = g.Op("Reciprocal", g.Op("Sqrt", g.Op("Add", variance, g.Number(1e-6))));
        return (g.Op("Mul", g.Weight("weight", Width), g.Op("Mul", x, inverse)),
            ["Mul", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Mul"]);
    }
}
